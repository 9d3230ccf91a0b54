# One image for all services, the portal and the simulators (the command picks which), the same with an operator's
# commands, and a small gateway in front of them.

FROM python:3.11-slim-bookworm AS suite
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /srv/paspor
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --require-hashes --no-deps -r requirements/runtime.txt
COPY shared shared
COPY services services
COPY portal portal
COPY simulators simulators
COPY deploy/prepare_mongo.py deploy/prepare_rabbitmq.py deploy/answers deploy/
# the file system is read-only when it runs, so the byte code is written now
RUN python -m compileall -q shared services portal simulators \
 && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin paspor
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=12 CMD ["/srv/paspor/deploy/answers", "8080", "/health/live"]
CMD ["python", "-m", "services.identity"]

# what reads papers: some 370 MB of libraries and models that the other processes do without
FROM suite AS papers
USER root
COPY requirements/papers.txt requirements/papers.txt
RUN pip install --require-hashes --no-deps -r requirements/papers.txt
USER 10001
CMD ["python", "-m", "services.application.paper_reading"]

FROM suite AS operator
USER root
COPY command_line command_line
COPY operations operations
COPY local_suite local_suite
RUN install -d -o paspor -g paspor /var/lib/paspor
USER 10001
ENV PASPOR_HOME=/var/lib/paspor
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "command_line"]
CMD ["dead", "list"]

FROM python:3.11-slim-bookworm AS gateway
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*
COPY deploy/answers /usr/local/bin/answers
COPY deploy/gateway/nginx.conf /etc/nginx/nginx.conf
USER www-data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=12 CMD ["answers", "8080", "/health/live"]
CMD ["nginx", "-g", "daemon off;"]
