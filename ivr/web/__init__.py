"""The administrators' pages: FastAPI, templates on the server, little JavaScript, in a process of their own.

A page is five things. Example: `/outages`.

1. **Router module** `ivr/web/outages/page.py`::

       pages = Pages()

       @pages.get("/outages")                      # the decorator of the path stands first,
       @allowed(Role.ADMINISTRATOR, Role.CLERK)    # the roles below it; without them the import fails
       async def list_outages(request: Request) -> Response:
           rows = await context_of(request).ask(outages.listing, …)   # a function of ivr.storage: database first
           return render(request, "outages/list.html", rows=rows)

       @pages.post("/outages/{key}/end")
       @allowed(Role.ADMINISTRATOR, Role.CLERK)
       async def end(request: Request, key: Key, note: Annotated[str, Form()] = "") -> Response:
           await context_of(request).ask(outages.end, key, note, person_of(request).login, context_of(request).now())
           return done(request, "/outages", "Отключение завершено.")   # 303, the next page shows the text above

   Endpoints are `async def` and never block: SQL by `context.ask(function, …)`, other slow work by
   `context.run(function, …)`, both in a few threads with a limit of time (then the page for 503). No SQL here: queries
   are small modules of ivr/storage. Changes are POST and write an audit row in the same transaction
   (`ivr.storage.database.audit.note`). `HTTPException(404)` is a page. Forms with faults are rendered again with code
   422 and `faults={"field": "text"}`. A form of several fields is a model (`ivr.web.core.forms`):
   `filled = await read_form(request, NewOutage)` gives its `fields`, or None and `faults`, and always what was `typed`.
   Files: `@pages.post(…, max_body_size=300 * 1024 * 1024)` and `UploadFile`; scripts send the token as header
   `X-CSRF-Token`, so that it is looked at before the body is read. Not pages but data: return JSONResponse or
   StreamingResponse, the gate is the same.
2. **Template** `ivr/web/outages/list.html`: `{% extends "layout.html" %}`, blocks `title` (also the
   heading), `head`, `content`. Macros in `macros.html`: `field`, `area`, `choice`, `token`, `post_button`, `table`,
   `pagination`, `badge`; pass `csrf` to what posts. Known everywhere: person, csrf, entries, path, told, now,
   time(at), day(at), static(name), plural(n, …), roles; filters `phone`, `thousands`. An undefined name is a fault.
   No inline style, no inline script, no `on…=`: the Content-Security-Policy refuses them. CSS: `static/pages.css`
   (classes `card`, `cards`, `figure`, `narrow`, `row`, `number`, `soft`); a page's own script or CSS is a file in
   `static/`, put in by `{% block head %}<script src="{{ static('studio.js') }}" defer></script>{% endblock %}`.
   Plots: `ivr.web.core.plots` makes SVG with a text alternative; give it to the template as it is.
3. **Roles**: `@allowed(…)`, above. `@allowed(*Role)`: everybody who is logged in. `@public`: nobody need be.
4. **Menu**: the line is there already in `ivr/web/core/menu.py`; it shows where the GET route exists, to the roles of
   that route. Add the router to `PAGES` in `ivr/web/application.py`.
5. **Tests**: `tests/web` (the ASGI application, a real database): fixture `site`, `site.logged_in(Role.CLERK)` is an
   httpx client, `await client.post_form("/outages/3/end", {…})` sends the token; add the route to `EXPECTED` in
   `tests/web/test_roles.py` (a test fails until it is there). `tests/browser` (Chromium): fixtures `web` (a served
   site: `web.url`, `web.database`) and `page`, `log_in(page, Role.CLERK)`, `assert_fits(page)`
   for 360 px, `picture(page, "outages")` for docs/ru/images (written only with
   IVR_PICTURES=1).
"""
