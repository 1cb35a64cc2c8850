# The image that goes to Lambda, and the two that stand in for AWS around it on a laptop.
#
#   tools ──▶ crate ──▶ the wheel ──┐
#   tools ──▶ packages ─────────────┴─▶ runtime   one image for all functions: handlers.worker.handler, handlers.sweep.handler ...
#                                         ├─▶ local    runtime + Lambda's runtime interface emulator
#                                         └─▶ laptop   what deploys the stack, plays its mappings, serves the console
#
# Where a registry is reachable, pin the bases by digest: --build-arg PYTHON=python:3.13-slim-trixie@sha256:...
ARG PYTHON=python:3.13-slim-trixie
ARG RUST=rust:1-slim-trixie

# -- Tools: uv and maturin, by the hashes of the lock ------------------------------------------------------------------
FROM ${PYTHON} AS tools
COPY requirements.lock /
RUN sed -n '/^\(uv\|maturin\)==/,/[^\\]$/p' /requirements.lock > /tools.lock \
 && python -m venv /tools \
 && /tools/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes -r /tools.lock

# -- The crate and the Python of this repository, as one wheel ---------------------------------------------------------
# abi3: no Python is needed here.
FROM ${RUST} AS crate
COPY --from=tools /tools/bin/maturin /usr/local/bin/
WORKDIR /source
COPY pyproject.toml README.md ./
COPY imaging/native imaging/native
COPY aws aws
COPY cli cli
COPY handlers handlers
COPY imaging imaging
COPY jobs jobs
COPY local local
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/imaging/native/target \
    maturin build --quiet --release --locked --out /wheel

# -- Packages, by the hashes of the lock -------------------------------------------------------------------------------
FROM tools AS packages
COPY pyproject.toml /
RUN --mount=type=cache,target=/root/.cache/uv \
    /tools/bin/uv venv --quiet --python "$(command -v python)" /opt/safelight \
 && /tools/bin/uv pip install --quiet --python /opt/safelight/bin/python --link-mode copy \
        -c /requirements.lock -r /pyproject.toml --extra lambda

# -- The same, without what no function calls --------------------------------------------------------------------------
# botocore describes four hundred services. Then everything is compiled: a read-only root keeps no bytecode.
FROM packages AS trimmed
RUN set -e; cd /opt/safelight/lib/python3.*/site-packages; \
    find botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name cloudformation ! -name cloudfront ! -name cloudwatch ! -name dynamodb ! -name events ! -name lambda \
        ! -name logs ! -name rekognition ! -name s3 ! -name sns ! -name sqs ! -name sts \
        -exec rm -r {} +; \
    rm -rf boto3/examples; \
    python -m compileall -q -j 0 --invalidation-mode unchecked-hash .

# -- The base without its package tools: nothing is installed into what runs -------------------------------------------
FROM ${PYTHON} AS system
RUN set -e; \
    rm -rf /var/cache/apt /var/lib/apt/lists /var/log/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/info; \
    for packages in $(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') /usr/lib/python3/dist-packages; do \
        rm -rf "$packages"/pip* "$packages"/setuptools* "$packages"/wheel* "$packages"/pkg_resources "$packages"/_distutils_hack; \
    done; \
    rm -rf "$(python -c 'import ensurepip; print(ensurepip.__path__[0])')" /usr/share/python-wheels /usr/local/bin/pip* /usr/bin/pip*

# -- Lambda's runtime interface emulator, out of the wheel that ships it ------------------------------------------------
FROM tools AS emulator
ARG SAM_CLI="aws-sam-cli==1.170.0 --hash=sha256:24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
RUN echo "$SAM_CLI" > /sam-cli.lock \
 && /tools/bin/pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes -d /wheels -r /sam-cli.lock \
 && python -m zipfile -e /wheels/aws_sam_cli-*.whl /wheels \
 && install -m 755 "/wheels/samcli/local/rapid/aws-lambda-rie-$(uname -m | sed s/aarch64/arm64/)" /aws-lambda-rie \
 && rm -r /wheels

# -- What deploys the stack, plays its mappings and serves the console -------------------------------------------------
FROM packages AS laptop
RUN --mount=type=cache,target=/root/.cache/uv \
    /tools/bin/uv pip install --quiet --python /opt/safelight/bin/python --link-mode copy \
        -c /requirements.lock -r /pyproject.toml --extra cli
WORKDIR /opt/safelight/source
COPY aws aws
COPY handlers handlers
COPY imaging imaging
COPY jobs jobs
COPY local local
COPY web web
COPY template.yaml ./
COPY recipes recipes
# A volume takes its owner from the folder it is mounted on.
RUN install -d -o 65532 -g 65532 /stack /notes
ENV PATH=/opt/safelight/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "local.bridge"]

# -- What goes to Lambda -----------------------------------------------------------------------------------------------
# Copied out of its base, so that what was taken away takes no space.
FROM scratch AS runtime
COPY --from=system / /
COPY --from=trimmed /opt/safelight /opt/safelight
RUN --mount=type=bind,from=crate,source=/wheel,target=/wheel --mount=type=bind,from=tools,source=/tools,target=/tools \
    /tools/bin/uv pip install --quiet --no-cache --python /opt/safelight/bin/python --no-deps --offline /wheel/*.whl \
 && cd /opt/safelight/lib/python3.*/site-packages \
 && python -m compileall -q --invalidation-mode unchecked-hash aws cli handlers imaging jobs local
ENV PATH=/opt/safelight/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2
WORKDIR /var/task
USER 65532:65532
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["handlers.worker.handler"]

# -- The same on a laptop: behind the emulator, with the environment that `deploy` read from the template --------------
FROM runtime AS local
COPY --from=emulator /aws-lambda-rie /usr/local/bin/
COPY --chmod=755 local/emulated.sh /usr/local/bin/emulated
ENTRYPOINT ["emulated"]

# -- `docker build .` and `sam build` make what goes to Lambda -----------------------------------------------------------
FROM runtime
