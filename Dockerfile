# The server, from the runtime lock and nothing else: every file that is installed is pinned by
# its hash, and what builds the wheel stays in the first stage.
FROM python:3.13-slim AS build
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /suivi \
 && /suivi/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock \
 && sed -n '/^setuptools==/,/[^\\]$/p' requirements-dev.lock > build.lock \
 && python -m venv /build \
 && /build/bin/pip install --require-hashes --no-deps --only-binary :all: -r build.lock
COPY pyproject.toml LICENSE ./
COPY domain domain
COPY workflows workflows
COPY projections projections
COPY api api
RUN /build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheel . \
 && /suivi/bin/pip install --no-deps --no-index /wheel/*.whl \
 && /suivi/bin/pip uninstall --yes pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin suivi \
 && install -d -o suivi -g suivi -m 0700 /var/lib/suivi
COPY --from=build /suivi /suivi
ENV PATH=/suivi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER suivi
# What is written without a database of its own lands here: give it a volume.
WORKDIR /var/lib/suivi
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["suivi", "serve", "--host", "0.0.0.0", "--port", "8000"]
