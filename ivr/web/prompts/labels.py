"""Prompts and their takes in words: why a take is refused, and what of it cannot be done."""

from __future__ import annotations

from ivr.domain.takes import (
    MayNotRecord,
    NoSuchTake,
    NothingPublished,
    NotPublishable,
    OtherPublished,
    Reason,
    Refusal,
    TakeFault,
)
from ivr.studio.catalogue import LONGEST_TEXT, BadText, TextProblem
from ivr.studio.published_file_sync import NoSound, SoundProblem
from ivr.studio.studio import Busy, BusyWith, NoSuchPrompt, NoSuchVoice
from ivr.studio.uploads import MOST_ENTRIES, ArchiveProblem, BadArchive, UnknownName
from ivr.telephony.manager.studio_call import CannotRing, RingProblem

REFUSALS = {
    Reason.UNDECODABLE: "Это не звук или файл испорчен. Подойдут wav, mp3, ogg, m4a и webm.",
    Reason.TOO_LARGE: "Файл слишком большой: {found} МБ, можно до {wanted} МБ. Сохраните его как mp3 или обрежьте.",
    Reason.TOO_LONG: "Запись слишком длинная: дольше {wanted} с. Запишите одну подсказку, без соседних.",
    Reason.SILENCE: "Ничего не слышно. Проверьте, тот ли микрофон выбран и не выключен ли он.",
    Reason.CUT_OFF: "Файл оборван: в нём {found} с звука вместо {wanted} с. Загрузите его ещё раз.",
    Reason.CLIPPING: "Перегрузка: уровень упёрся в потолок {found} раз. Отодвиньтесь от микрофона или убавьте его.",
    Reason.TOO_QUIET: "Слишком тихо: {found} дБ, нужно не тише {wanted}. Подойдите ближе к микрофону.",
    Reason.TOO_NOISY: (
        "Шумно: голос громче фона всего на {found} дБ, нужно не меньше {wanted}. Закройте окно, выключите вентилятор."
    ),
    Reason.TOO_SHORT_FOR_TEXT: (
        "Слишком коротко для этого текста: {found} с, нужно хотя бы {wanted}. Прочтите весь текст."
    ),
    Reason.TOO_LONG_FOR_TEXT: (
        "Слишком длинно для этого текста: {found} с, нужно не больше {wanted}. Читайте без долгих пауз и лишних слов."
    ),
    Reason.OTHER_WORDS: "Слышится «{found}» вместо «{wanted}». Проверьте, та ли это подсказка, и говорите отчётливо.",
    Reason.OLD_TEXT: "Прочитан прежний текст, с тех пор его изменили. Запишите нынешний.",
}
SECONDS = {Reason.CUT_OFF, Reason.TOO_SHORT_FOR_TEXT, Reason.TOO_LONG_FOR_TEXT}
"""Reasons whose figures are seconds with tenths."""
SOUNDS = {
    SoundProblem.NONE_YET: "Звука у этой фразы пока нет.",
    SoundProblem.REFUSED: "Звука у этой записи нет.",
    SoundProblem.NOT_SPOKEN: "Синтезатор не справился с этим текстом.",
    SoundProblem.DAMAGED: "Запись на диске испорчена, опубликовать её нельзя.",
    SoundProblem.NOT_PROCESSED: "Сервер не может обработать звук.",
}
TEXTS = {
    TextProblem.EMPTY: "Текст пуст.",
    TextProblem.TOO_LONG: f"Текст длиннее {LONGEST_TEXT} знаков.",
    TextProblem.STRANGE_SIGNS: (
        "В тексте только русские слова и знаки . , ! ? : ; — « » -, числа словами; лишнее: {signs}"
    ),
    TextProblem.PAUSE: "Это пауза, её не записывают.",
}
ARCHIVES = {
    ArchiveProblem.NO_ZIP: "Это не архив zip, или он испорчен. Соберите его ещё раз.",
    ArchiveProblem.CUT_OFF: "Это не архив zip, или он загружен не полностью. Соберите его ещё раз.",
    ArchiveProblem.TOO_MANY: f"В архиве слишком много файлов, можно до {MOST_ENTRIES}. Разделите его.",
    ArchiveProblem.BOMB: "Архив подозрительно раздувается при распаковке и не принят. Положите в него только звук.",
    ArchiveProblem.ENCRYPTED: "Архив закрыт паролем. Соберите его без пароля.",
    ArchiveProblem.RARE_PACKING: "Архив сжат редким способом. Соберите его обычным zip.",
    ArchiveProblem.EMPTY: "В архиве нет файлов.",
    ArchiveProblem.DAMAGED_FILE: "Этот файл в архиве испорчен. Соберите архив ещё раз.",
}
BUSY = {
    BusyWith.RECORDINGS: "Слишком много записей сразу, повторите через минуту.",
    BusyWith.LATE: "Слишком долго. Посмотрите через минуту, появилась ли запись.",
    BusyWith.RINGING: "Уже звоним на несколько телефонов. Повторите через полминуты.",
}
RINGS = {
    RingProblem.NOT_LISTED: "На этот телефон звонить нельзя: его нет в списке.",
    RingProblem.NO_EXCHANGE: "Телефонная станция не отвечает, позвоните сами: звёздочка семь семь.",
}


def refusal_text(refusal: Refusal) -> str:
    """Why a take is refused, with the figures and what to do."""
    found = _figure(refusal.reason, refusal.found)
    wanted = _figure(refusal.reason, refusal.wanted)
    if refusal.reason is Reason.TOO_LARGE and not found:
        found = f"больше {wanted}"
    return REFUSALS[refusal.reason].format(found=found, wanted=wanted)


def fault_text(fault: TakeFault) -> str:
    """What cannot be done, and what to do."""
    match fault:
        case NotPublishable(refusals=refusals) | NoSound(problem=SoundProblem.REFUSED, refusals=refusals) if refusals:
            return " ".join(map(refusal_text, refusals))
        case NoSound(problem=sound):
            return SOUNDS[sound]
        case BadText(problem=text, signs=signs):
            return TEXTS[text].format(signs=signs)
        case BadArchive(problem=ArchiveProblem.TOO_MANY, files=files) if files:
            return f"В архиве {files} файлов, можно до {MOST_ENTRIES}. Разделите его."
        case BadArchive(problem=archive):
            return ARCHIVES[archive]
        case UnknownName(prompts=()):
            return "Такой фразы нет: назовите файл её номером или именем, например 145.wav."
        case UnknownName(prompts=prompts):
            return f"Имя подходит к разным фразам ({', '.join(prompts)}): назовите файл номером фразы."
        case Busy(what=what):
            return BUSY[what]
        case CannotRing(problem=ringing):
            return RINGS[ringing]
        case NoSuchTake(take=take):
            return f"Записи {take} нет."
        case OtherPublished(take=take):
            return f"Опубликована уже другая запись, {take}: послушайте её сначала."
        case NothingPublished():
            return "Опубликованной записи этой подсказки нет."
        case NoSuchPrompt():
            return "Такой подсказки нет."
        case NoSuchVoice():
            return "Имя голоса: маленькие латинские буквы, цифры, дефис; поставленный голос не меняют."
        case MayNotRecord():
            return "Вам больше нельзя записывать."
    return "Не получилось."


def _figure(reason: Reason, value: float | str) -> str:
    """A figure as administrators read it; takes of earlier versions hold it so already."""
    if isinstance(value, str):
        return value
    text = f"{value:.1f}" if reason in SECONDS else f"{value:.0f}"
    return text.replace("-", "−").replace(".", ",")
