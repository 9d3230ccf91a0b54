# One image for all services and simulators (the command picks which), and a small gateway in front of them.

FROM python:3.11-slim-bookworm AS suite
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/paspor
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --require-hashes --no-deps -r requirements/runtime.txt
COPY shared shared
COPY services services
COPY simulators simulators
COPY deploy/replica_set.py deploy/replica_set.py
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin paspor
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=12 CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
CMD ["python", "-m", "services.identity"]

FROM python:3.11-slim-bookworm AS gateway
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*
COPY deploy/gateway/nginx.conf /etc/nginx/nginx.conf
USER www-data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=12 CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
CMD ["nginx", "-g", "daemon off;"]
