# Two stages: packages are checked by hash and installed in the first, the second only runs them.
FROM python:3.11-slim AS packages
COPY requirements.runtime.lock .
RUN python -m venv /opt/evenhand \
 && /opt/evenhand/bin/pip install --no-cache-dir --require-hashes -r requirements.runtime.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home evenhand
COPY --from=packages /opt/evenhand /opt/evenhand
WORKDIR /srv/evenhand
COPY app ./app
COPY migrations ./migrations
COPY deploy/policy.yaml deploy/sources.yaml ./deploy/
ENV PATH=/opt/evenhand/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    EVENHAND_HOST=0.0.0.0 EVENHAND_PORT=8000
USER evenhand
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
  ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# `python -m app migrate` is run once before a new version starts.
CMD ["python", "-m", "app", "serve"]
