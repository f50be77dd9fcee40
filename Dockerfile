# One image for web, worker and mocks: `motcua up` for a trial, `serve`, `worker`, `mocks` apart.
FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY app app
COPY migrations migrations
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable .

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 motcua && mkdir /data && chown motcua /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER motcua
ENV PATH=/venv/bin:$PATH APP_DATA_DIR=/data APP_HOST=0.0.0.0 PYTHONDONTWRITEBYTECODE=1
VOLUME /data
EXPOSE 8000 8001 8002
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez')"]
ENTRYPOINT ["motcua"]
CMD ["up"]
