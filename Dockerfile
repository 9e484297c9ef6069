# The page and its API, without root: docs/web.md says how to run it.
#   docker build -t cxrules .
#   docker run --rm --read-only -p 127.0.0.1:8000:8000 cxrules
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY src src
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check '.[cli,frame,web]'

FROM python:3.13-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# No account of the system: a number is enough, and owns nothing in the image.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/api/health', timeout=2)"]
ENTRYPOINT ["cxrules"]
CMD ["serve", "--host", "0.0.0.0"]
