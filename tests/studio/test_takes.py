"""Takes from the recording to what callers hear, with real sound, on a real database."""

from __future__ import annotations

import io
import multiprocessing
import os
import resource
import shutil
import signal
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from ivr.config import REPOSITORY, Settings
from ivr.domain.takes import Hearing, How, NothingPublished, NotPublishable, OtherPublished, Reason, Take, TakeState
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.studio.catalogue import BadText
from ivr.studio.prompt_status import PromptStatus
from ivr.studio.published_file_sync import FileMismatch
from ivr.studio.sound.telephone_sound import measure
from ivr.studio.studio import NoSuchPrompt, NoSuchVoice, Studio
from ivr.telephony.sounds import Sounds
from ivr.web.prompts.labels import refusal_text
from tests.studio.recordings import ffmpeg, recording
from tests.studio.stock import ASK, ASK_TEXT, new_database, settings_in, speak_quickly, together

FIXED, FIXED_TEXT = "fixed/goodbye", "Спасибо за звонок. До свидания."
THREE, FIVE = "digit/3", "digit/5"


@dataclass
class Desk:
    """A studio with its folders, and what callers would hear."""

    folder: Path
    settings: Settings
    studio: Studio

    def record(self, text: str = ASK_TEXT, prompt: str = ASK, *options: str, filters: str = "anull") -> Take:
        return self.studio.add_take(
            prompt, recording(self.folder, text, *options, filters=filters), how=How.FILE, who="anna"
        )

    def heard(self, prompt: str = ASK) -> Path:
        """The file that the daemon has Asterisk play."""
        return Path(Sounds.of(self.settings.sounds.chain).file(prompt) + ".wav")

    def own(self, prompt: str = ASK) -> Path:
        return self.folder / "own" / "own" / f"{prompt}.wav"

    def audit(self) -> list[tuple[str, str, dict]]:
        audit = tables.of(tables.Audit)
        with self.studio.database.reading() as connection:
            rows = connection.execute(select(audit.c.who, audit.c.action, audit.c.detail).order_by(audit.c.id))
            return [tuple(row) for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = settings_in(tmp_path)
    new_database(tmp_path)
    database = Database(settings.store.url)
    studio = Studio(settings, database)
    yield Desk(tmp_path, settings, studio)
    studio.close()
    database.close()


def reasons(take: Take) -> list[Reason]:
    return [refusal.reason for refusal in take.refusals]


# ------------------------------------------------------------------------------------------------ sound


@pytest.mark.parametrize("gain", [-14, 0, 6])
def test_loud_and_quiet_voices_come_out_at_one_level(desk: Desk, gain: int) -> None:
    take = desk.record(filters=f"volume={gain}dB,alimiter=limit=0.8")
    assert reasons(take) == []
    heard = measure(desk.studio.preview_file(take.id))
    assert heard.level == pytest.approx(-20, abs=1)
    assert heard.peak <= -2.9
    assert heard.tail_ms == pytest.approx(210, abs=40)
    assert heard.lead_ms <= 40


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("take.wav", ("-c:a", "pcm_s24le", "-ar", "44100", "-ac", "2")),
        ("take.mp3", ("-ar", "44100")),
        ("take.ogg", ("-c:a", "libvorbis")),
        ("take.m4a", ("-c:a", "aac")),
        ("take.webm", ("-c:a", "libopus")),
        ("phone.wav", ("-c:a", "pcm_alaw", "-ar", "8000")),
    ],
)
def test_every_kind_of_file_that_people_have(desk: Desk, name: str, options: tuple[str, ...]) -> None:
    file = recording(desk.folder, ASK_TEXT, *options, name=name)
    take = desk.studio.add_take(ASK, file, how=How.FILE, who="anna")
    assert reasons(take) == []
    assert desk.studio.master(take.id).read_bytes() == file.read_bytes()
    assert measure(desk.studio.preview_file(take.id)).level == pytest.approx(-20, abs=1)


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ("volume=0", Reason.SILENCE),
        ("volume=30dB", Reason.CLIPPING),
        ("volume=-24dB", Reason.TOO_QUIET),
        ("atrim=duration=0.8", Reason.TOO_SHORT_FOR_TEXT),
        ("aloop=loop=4:size=96000,atrim=duration=20", Reason.TOO_LONG_FOR_TEXT),
        ("apad=pad_dur=35", Reason.TOO_LONG),
    ],
)
def test_bad_sound_is_refused_with_what_to_do(desk: Desk, filters: str, reason: Reason) -> None:
    take = desk.record(filters=filters)
    assert reason in reasons(take)
    told = list(map(refusal_text, take.refusals))
    assert all(text.endswith(".") and "{" not in text for text in told)
    with pytest.raises(NotPublishable):
        desk.studio.publish(take.id, "anna")
    assert desk.heard() == desk.settings.sounds.shipped / f"{ASK}.wav"


def test_noise_is_refused_and_quiet_rooms_are_not(desk: Desk) -> None:
    noise = desk.folder / "noise.wav"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=a=0.2:r=48000:d=2.5:seed=7", str(noise))
    only = desk.studio.add_take(ASK, noise, how=How.FILE, who="anna")
    assert Reason.TOO_NOISY in reasons(only)
    spoken = recording(desk.folder, ASK_TEXT)
    loud = desk.folder / "loud.wav"
    mix = "amix=duration=first:normalize=0"
    ffmpeg("-i", str(spoken), "-f", "lavfi", "-i", "anoisesrc=a=0.2:r=48000:seed=7", "-filter_complex", mix, str(loud))
    take = desk.studio.add_take(ASK, loud, how=How.FILE, who="anna")
    assert reasons(take) == [Reason.TOO_NOISY]
    assert refusal_text(take.refusals[0]).startswith("Шумно: голос громче фона всего на ")


def test_a_channel_that_is_silent_or_turned_over_takes_nothing_away(desk: Desk) -> None:
    for pan in ("stereo|c0=0*c0|c1=c0", "stereo|c0=c0|c1=-1*c0"):
        take = desk.record(filters=f"pan={pan}")
        assert reasons(take) == []


def test_the_recogniser_hears_another_number(desk: Desk) -> None:
    right, wrong = desk.record("пять", FIVE), desk.record("девять", FIVE)
    assert (right.checks.hearing, reasons(right)) == (Hearing.AGREED, [])
    assert (wrong.checks.hearing, reasons(wrong)) == (Hearing.DIFFERED, [Reason.OTHER_WORDS])
    assert refusal_text(wrong.refusals[0]).startswith("Слышится «девять» вместо «пять».")
    assert desk.record().checks.hearing is Hearing.NOT_ASKED


def test_without_a_model_the_check_is_left_out_and_said_so(desk: Desk) -> None:
    settings = desk.settings.model_copy(update={"speech": desk.settings.speech.model_copy(update={"model": None})})
    take = Studio(settings, desk.studio.database).add_take(
        FIVE, recording(desk.folder, "девять"), how=How.FILE, who="anna"
    )
    assert (take.checks.hearing, reasons(take)) == (Hearing.NO_MODEL, [])


# ------------------------------------------------------------------------------------------------ bad uploads


def broken(folder: Path, kind: str) -> Path:
    whole = recording(folder, ASK_TEXT)
    content = whole.read_bytes()
    file = folder / "broken.wav"
    match kind:
        case "text":
            file.write_text("Это не звук.\n" * 100, encoding="utf-8")
        case "empty":
            file.write_bytes(b"")
        case "header only":
            file.write_bytes(content[:44])
        case "playlist":
            file.write_text(f"#EXTM3U\n#EXTINF:10,\n{whole}\n")
        case "concat":
            file.write_text(f"ffconcat version 1.0\nfile {whole}\n")
        case "video":
            ffmpeg("-f", "lavfi", "-i", "testsrc=d=1", "-c:v", "mpeg4", "-f", "mp4", str(file))
        case "noise bytes":
            file.write_bytes(Random(7).randbytes(20000))
    return file


@pytest.mark.parametrize("kind", ["text", "empty", "header only", "playlist", "concat", "video", "noise bytes"])
def test_what_is_no_sound_is_a_refused_draft(desk: Desk, kind: str) -> None:
    take = desk.studio.add_take(ASK, broken(desk.folder, kind), how=How.BROWSER, who="anna")
    assert reasons(take) == [Reason.UNDECODABLE]
    assert take.state is TakeState.DRAFT
    with pytest.raises(NotPublishable, match="UNDECODABLE"):
        desk.studio.publish(take.id, "anna", insist=True)


def test_a_truncated_file_is_told(desk: Desk) -> None:
    whole = recording(desk.folder, ASK_TEXT).read_bytes()
    take = desk.studio.add_take(ASK, whole[: len(whole) * 2 // 3], how=How.BROWSER, who="anna")
    assert Reason.CUT_OFF in reasons(take)


def test_a_huge_file_is_refused_without_being_read(desk: Desk) -> None:
    huge = desk.folder / "huge.wav"
    with huge.open("wb") as file:
        file.truncate(300 << 20)
    with pytest.raises(NotPublishable, match="TOO_LARGE"):
        desk.studio.add_take(ASK, huge, how=How.FILE, who="anna")

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return bytes(size)

    stream = Endless()
    with pytest.raises(NotPublishable, match="TOO_LARGE"):
        desk.studio.add_take(ASK, stream, how=How.BROWSER, who="anna")  # type: ignore[arg-type]
    assert stream.given <= 6 << 20
    assert desk.studio.takes() == []
    assert [file for file in (desk.folder / "takes").rglob("*") if file.is_file()] == []


def test_an_mp3_with_a_hostile_tag_and_cover_is_only_sound(desk: Desk) -> None:
    cover = desk.folder / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "color=size=16x16", "-frames:v", "1", str(cover))
    plain = recording(desk.folder, ASK_TEXT, name="plain.mp3")
    evil = desk.folder / "evil.mp3"
    tag = "<script>alert(1)</script>\n../../../etc/passwd'; DROP TABLE takes; --" + "x" * 5000
    words = ("-i", str(plain), "-i", str(cover), "-map", "0:a", "-map", "1:v", "-c", "copy", "-id3v2_version", "3")
    ffmpeg(*words, "-metadata", f"title={tag}", str(evil))
    size = struct.pack(">I", 0x7F7F7F7F)  # a tag that says it is 256 MB long
    for file, wanted in ((evil.read_bytes(), []), (b"ID3\x03\x00\x00" + size + evil.read_bytes(), None)):
        take = desk.studio.add_take(ASK, file, how=How.BROWSER, who="anna")
        assert wanted is None or reasons(take) == wanted
        assert "script" not in str(take.checks)


def accepted(cases: Iterable[str], work: Callable[[str], object], refusal: type[Exception]) -> list[str]:
    """Those of the cases that are not refused."""
    passed = []
    for case in cases:
        try:
            work(case)
        except refusal:
            continue
        passed.append(case)
    return passed


def test_names_from_outside_never_become_paths(desk: Desk) -> None:
    def add(prompt: str) -> Take:
        return desk.studio.add_take(prompt, b"", how=How.BROWSER, who="anna")

    odd = ("../../x", "identify/../../x", "/etc/passwd", "", "identify/nothing")
    assert accepted(odd, add, NoSuchPrompt) == []
    assert not (desk.folder / "takes").exists()


def test_a_voice_is_a_plain_name_and_never_the_shipped_one(desk: Desk) -> None:
    def add(voice: str) -> Take:
        return desk.studio.add_take(ASK, b"", how=How.BROWSER, who="anna", voice=voice)

    assert accepted(("../x", "ru", "/tmp", "Анна", "a b", "."), add, NoSuchVoice) == []


def test_recordings_lie_under_names_that_nobody_guesses_or_lists(desk: Desk) -> None:
    take = desk.record()
    master = desk.studio.master(take.id)
    assert len(master.stem) == 32
    assert master.stat().st_mode & 0o777 == 0o600
    assert desk.studio.preview_file(take.id).stat().st_mode & 0o777 == 0o644
    assert (desk.folder / "takes").stat().st_mode & 0o777 == 0o711


# ------------------------------------------------------------------------------------------------ publishing


def test_a_published_take_is_heard_next_and_taking_back_restores_the_one_before(desk: Desk) -> None:
    studio = desk.studio
    shipped = desk.settings.sounds.shipped / f"{ASK}.wav"
    assert (desk.heard(), studio.prompt(ASK).standing) == (shipped, PromptStatus.SYNTHETIC)
    first, second = desk.record(), desk.record(filters="atempo=1.1")
    for take in (first, second):
        studio.publish(take.id, "anna")
        assert desk.heard().read_bytes() == studio.preview_file(take.id).read_bytes()
    seen = studio.prompt(ASK)
    assert (seen.standing, seen.heard_in) == (PromptStatus.RECORDED, "own")
    assert seen.published is not None and seen.published.id == second.id
    restored = studio.withdraw(ASK, "anna")
    assert restored is not None and restored.id == first.id
    assert desk.heard().read_bytes() == studio.preview_file(first.id).read_bytes()
    assert studio.withdraw(ASK, "anna") is None
    assert desk.heard() == shipped
    with pytest.raises(NothingPublished):
        studio.withdraw(ASK, "anna")
    assert [action for _, action, _ in desk.audit()] == ["prompt.take"] * 2 + ["prompt.publish"] * 2 + [
        "prompt.withdraw"
    ] * 2
    assert studio.files.disagreements() == []


def test_only_the_take_that_was_meant_is_taken_back(desk: Desk) -> None:
    studio = desk.studio
    first, second = desk.record(), desk.record(filters="atempo=1.1")
    studio.publish(first.id, "anna")
    studio.publish(second.id, "boris")
    with pytest.raises(OtherPublished, match=f"take={second.id}"):
        studio.withdraw(ASK, "anna", expected=first.id)
    assert desk.heard().read_bytes() == studio.preview_file(second.id).read_bytes()
    restored = studio.withdraw(ASK, "anna", expected=second.id)
    assert restored is not None and restored.id == first.id
    with pytest.raises(OtherPublished):  # the same button, pressed by two at once
        studio.withdraw(ASK, "boris", expected=second.id)
    assert desk.heard().read_bytes() == studio.preview_file(first.id).read_bytes()
    assert [action for _, action, _ in desk.audit()].count("prompt.withdraw") == 1


def test_what_asterisk_prefers_says_the_same(desk: Desk) -> None:
    desk.studio.publish(desk.record().id, "anna")
    alaw = desk.own().with_suffix(".alaw")
    decoded = desk.folder / "decoded.wav"
    ffmpeg("-f", "alaw", "-ar", "8000", "-ac", "1", "-i", str(alaw), str(decoded))
    assert desk.studio.preview(1)[44:] == decoded.read_bytes()[-len(alaw.read_bytes()) * 2 :]
    desk.studio.withdraw(ASK, "anna")
    assert not alaw.exists()


def test_an_administrator_may_insist_on_a_soft_refusal_and_it_is_audited(desk: Desk) -> None:
    take = desk.record(filters="volume=-24dB")
    with pytest.raises(NotPublishable, match="TOO_QUIET"):
        desk.studio.publish(take.id, "anna")
    desk.studio.publish(take.id, "boss", insist=True)
    assert desk.audit()[-1] == (
        "boss",
        "prompt.publish",
        {"voice": "own", "take": 1, "before": None, "insisted": ["too quiet"]},
    )


def test_what_plays_goes_on_with_the_old_sound(desk: Desk) -> None:
    first, second = desk.record(), desk.record(filters="atempo=1.1")
    desk.studio.publish(first.id, "anna")
    with desk.own().open("rb") as playing:
        beginning = playing.read(1000)
        desk.studio.publish(second.id, "anna")
        assert beginning + playing.read() == desk.studio.preview_file(first.id).read_bytes()


def test_a_changed_text_makes_the_audio_old_until_it_is_spoken_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_quickly(desk.folder, monkeypatch)
    studio = desk.studio
    studio.publish(desk.record().id, "anna")
    entry = studio.change_text(ASK, "  Назовите  номер лицевого счёта. ", "anna", notes="Спокойно.")
    assert (entry.text, entry.notes) == ("Назовите номер лицевого счёта.", "Спокойно.")
    seen = studio.prompt(ASK)
    assert (seen.standing, seen.changed) == (PromptStatus.OUTDATED, True)
    take = studio.synthesise(ASK, who="anna")
    studio.publish(take.id, "anna")
    assert studio.prompt(ASK).standing is PromptStatus.SYNTHETIC
    assert desk.audit()[2][:2] == ("anna", "prompt.text")


def test_what_was_read_before_the_text_changed_is_a_take_of_the_text_before(desk: Desk) -> None:
    studio = desk.studio
    before = studio.prompt(ASK).entry.digest
    studio.change_text(ASK, "Назовите номер лицевого счёта.", "boss")
    late = studio.add_take(ASK, recording(desk.folder, ASK_TEXT), how=How.BROWSER, who="anna", text=before)
    assert late.text == before
    with pytest.raises(NotPublishable, match="OLD_TEXT") as fault:
        studio.publish(late.id, "anna")
    assert [refusal.reason for refusal in fault.value.refusals] == [Reason.OLD_TEXT]
    assert desk.heard() == desk.settings.sounds.shipped / f"{ASK}.wav"
    studio.publish(late.id, "boss", insist=True)
    assert studio.prompt(ASK).standing is PromptStatus.OUTDATED
    assert desk.audit()[-1][2]["insisted"] == ["old text"]
    studio.publish(desk.record("Назовите номер лицевого счёта.").id, "anna")
    assert studio.prompt(ASK).standing is PromptStatus.RECORDED
    restored = studio.withdraw(ASK, "anna")
    assert restored is not None and restored.id == late.id


def test_a_text_that_cannot_be_spoken_is_refused(desk: Desk) -> None:
    odd = ("", "Наберите 5.", "Press one", "Раз <b>два</b>", "…", "да " * 300)
    assert accepted(odd, lambda text: desk.studio.change_text(ASK, text, "anna"), BadText) == []
    assert desk.studio.prompt(ASK).entry.text == ASK_TEXT


def test_numbers_for_the_phone_stay_when_prompts_are_added(desk: Desk) -> None:
    before = {one.entry.id: one.number for one in desk.studio.prompts()}
    assert sorted(before.values()) == list(range(101, 101 + len(before)))
    prompts = desk.folder / "prompts"
    shutil.copytree(REPOSITORY / "prompts", prompts)
    text = (prompts / "ru.toml").read_text(encoding="utf-8")
    (prompts / "ru.toml").write_text(text.replace("\n[prompts.", '\n[prompts."a/new"]\ntext = "Новое."\n[prompts.', 1))
    sounds = desk.settings.sounds.model_copy(update={"folder": prompts})
    studio = Studio(desk.settings.model_copy(update={"sounds": sounds}), desk.studio.database)
    after = {one.entry.id: one.number for one in studio.prompts()}
    assert after == before | {"a/new": 101 + len(before)}
    assert studio.numbered(101 + len(before)).id == "a/new"


# ------------------------------------------------------------------------------------------------ chain


def test_the_chain_is_looked_through_at_each_play(tmp_path: Path, desk: Desk) -> None:
    sounds = desk.settings.sounds.model_copy(update={"voices": ("anna", "ivan")})
    settings = desk.settings.model_copy(update={"sounds": sounds})
    studio, daemon = Studio(settings, desk.studio.database), Sounds.of(sounds.chain)
    played = [daemon.file(ASK)]
    for voice in ("ivan", "anna"):
        file = recording(desk.folder, ASK_TEXT)
        take = studio.add_take(ASK, file, how=How.FILE, who="anna", voice=voice)
        studio.publish(take.id, "anna")
        played.append(daemon.file(ASK))
        assert daemon.seconds(ASK) == pytest.approx(take.checks.length_ms / 1000, abs=0.01)
        assert max(daemon.levels(ASK)) > 1000
    assert [Path(file).relative_to(Path(file).parents[2]).parts[0] for file in played] == ["ru", "ivan", "anna"]


def test_the_dialplan_finds_all_of_its_prompts_in_the_first_voice(desk: Desk) -> None:
    studio = desk.studio
    shipped = desk.settings.sounds.shipped
    assert studio.voices.dialplan == shipped
    studio.publish(desk.record(FIXED_TEXT, FIXED).id, "anna")
    fixed = {file.name for file in (shipped / "fixed").glob("*.wav")}
    own = desk.folder / "own" / "own" / "fixed"
    assert {file.name for file in own.glob("*.wav")} == fixed
    assert studio.voices.dialplan == own.parent
    assert (own / "greeting.wav").read_bytes() == (shipped / "fixed" / "greeting.wav").read_bytes()
    assert studio.voices.heard("fixed/greeting") == "ru"
    (own / "greeting.wav").unlink()
    assert [wrong.id for wrong in studio.files.mend()] == ["fixed/greeting"]
    studio.withdraw(FIXED, "anna")
    assert (own / "goodbye.wav").read_bytes() == (shipped / "fixed" / "goodbye.wav").read_bytes()
    assert studio.files.disagreements() == []


def test_another_node_follows_what_is_published(desk: Desk) -> None:
    """Same database and takes, a folder of published prompts of its own."""
    sounds = desk.settings.sounds.model_copy(update={"own": desk.folder / "other"})
    node = Studio(desk.settings.model_copy(update={"sounds": sounds}), desk.studio.database)
    assert node.files.follow() == []
    take = desk.record()
    desk.studio.publish(take.id, "anna")
    assert node.files.follow() == [FileMismatch("own", ASK, mended=True)]
    assert Path(Sounds.of(sounds.chain).file(ASK) + ".wav").read_bytes() == desk.own().read_bytes()
    desk.studio.withdraw(ASK, "anna")
    assert node.files.follow() == [FileMismatch("own", ASK, mended=True)]
    assert Sounds.of(sounds.chain).file(ASK) == str(sounds.shipped / ASK)
    desk.studio.publish(take.id, "anna")
    desk.studio.preview_file(take.id).unlink()
    assert node.files.follow() == [FileMismatch("own", ASK, mended=False)]
    assert node.files.follow() == [FileMismatch("own", ASK, mended=False)], "tried again"
    desk.studio.withdraw(ASK, "anna")
    desk.studio.publish(desk.record().id, "anna")
    assert node.files.follow() == [FileMismatch("own", ASK, mended=True)]
    assert [node.files.follow() for _ in range(2)] == [[], []]


def test_where_all_agrees_no_file_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.studio.publish(desk.record().id, "anna")
    assert desk.studio.files.follow() == []
    with monkeypatch.context() as patched:
        patched.setattr(desk.studio.voices, "settled", lambda *_: pytest.fail("a file was read"))
        assert desk.studio.files.follow() == []
    for file in (desk.own(), desk.own().with_suffix(".alaw")):
        file.write_bytes(b"somebody's")
        assert desk.studio.files.follow() == [FileMismatch("own", ASK, mended=True)]
        assert desk.studio.files.follow() == []


# ------------------------------------------------------------------------------------------------ faults


def _in_process(work: Callable[..., None], *arguments: object) -> int | None:
    # Not by fork: whatever lock a thread of this process holds at that moment would stay shut there.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=work, args=arguments)
    process.start()
    process.join(240)
    return process.exitcode


def _publish_with_a_full_disk(folder: Path, take: int) -> None:
    settings = settings_in(folder)
    studio = Studio(settings, Database(settings.store.url))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    place = studio.voices.place

    def placed(voice: str, id_: str, audio: bytes | None) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, resource.RLIM_INFINITY))
        try:
            place(voice, id_, audio)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    studio.voices.place = placed  # type: ignore[method-assign]
    try:
        studio.publish(take, "anna")
    except OSError:
        os._exit(7)
    os._exit(0)


def test_a_full_disk_leaves_what_was_heard_before(desk: Desk) -> None:
    first, second = desk.record(), desk.record(filters="atempo=1.1")
    desk.studio.publish(first.id, "anna")
    before = desk.own().read_bytes()
    assert _in_process(_publish_with_a_full_disk, desk.folder, second.id) == 7
    assert desk.own().read_bytes() == before
    assert desk.studio.take(first.id).state is TakeState.PUBLISHED
    assert desk.studio.take(second.id).state is TakeState.DRAFT
    assert desk.studio.files.disagreements() == []
    assert [file.name for file in desk.own().parent.iterdir() if file.name.startswith(".")] == []


def _publish_and_die(folder: Path, take: int, after: bool) -> None:
    settings = settings_in(folder)
    studio = Studio(settings, Database(settings.store.url))
    place = studio.voices.place

    def placed(voice: str, id_: str, audio: bytes | None) -> None:
        if after:
            place(voice, id_, audio)
        os.kill(os.getpid(), signal.SIGKILL)

    studio.voices.place = placed  # type: ignore[method-assign]
    studio.publish(take, "anna")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("published_before", [False, True])
def test_killed_while_publishing_the_files_agree_with_the_database_again(
    desk: Desk, after: bool, published_before: bool
) -> None:
    first, second = desk.record(), desk.record(filters="atempo=1.1")
    if published_before:
        desk.studio.publish(first.id, "anna")
    desk.studio.files.follow()
    assert desk.studio.files.follow() == [], "the daemon has looked before"
    assert _in_process(_publish_and_die, desk.folder, second.id, after) == -signal.SIGKILL
    assert desk.studio.take(second.id).state is TakeState.DRAFT
    whole = desk.studio.preview_file((second if after else first).id).read_bytes()
    if after or published_before:
        assert desk.own().read_bytes() == whole
    assert [wrong.id for wrong in desk.studio.files.follow()] == ([ASK] if after else [])
    if published_before:
        assert desk.own().read_bytes() == desk.studio.preview_file(first.id).read_bytes()
    else:
        assert not desk.own().exists() and not desk.own().with_suffix(".alaw").exists()
    assert desk.studio.files.disagreements() == []


def test_two_publishers_at_once_leave_one_take_whole(desk: Desk) -> None:
    together(desk.folder, desk.settings.store.url, desk.studio)
