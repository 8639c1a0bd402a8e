# The service with the shipped checkpoints. CPU: docker build -t enf2enf .
# CUDA 12:                                      docker build -t enf2enf --build-arg EXTRAS=server,cuda .
# Keep compiled programs over restarts:         docker run -p 50051:50051 -v enf2enf-cache:/var/cache/enf2enf enf2enf
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
ARG EXTRAS=server,http
RUN python3 -m venv /opt/enf2enf
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY enf2enf enf2enf
COPY server server
COPY protos protos
COPY meshes meshes
RUN /opt/enf2enf/bin/pip install --no-cache-dir --disable-pip-version-check ".[${EXTRAS}]" \
 && /opt/enf2enf/bin/pip uninstall --yes --disable-pip-version-check pip \
 && find /opt/enf2enf -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +

FROM ${BASE_IMAGE}
RUN useradd --system --no-create-home --uid 10001 enf2enf \
 && mkdir -p /var/cache/enf2enf && chown enf2enf /var/cache/enf2enf
COPY --from=build /opt/enf2enf /opt/enf2enf
ENV PATH=/opt/enf2enf/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONPYCACHEPREFIX=/var/cache/enf2enf/python \
    JAX_COMPILATION_CACHE_DIR=/var/cache/enf2enf/jax \
    JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
    JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1
VOLUME /var/cache/enf2enf
USER enf2enf
# gRPC; Prometheus
EXPOSE 50051 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "enf2enf_server.ops.probe"]
ENTRYPOINT ["enf2enf", "serve"]
CMD ["elasticity", "--host", "0.0.0.0", "--metrics-host", "0.0.0.0", "--metrics-port", "9464"]
