"""The page and its API: `cxrules serve`, and the same page with the library in WebAssembly (`make site`).

service   what the page asks, as data in and data out; knows neither HTTP nor browsers
app       the service over HTTP, with an OpenAPI description (FastAPI)
table     a table of organisations; upload opens the file (parquet_footer counts the
          values in one), rows reads its rows
limits    what a request may cost; security_headers are added to every answer
static/   the page: plain modules, no build step

Needs the extra `web`, except `service` and `table`, which run on the standard library alone.
"""

from __future__ import annotations
