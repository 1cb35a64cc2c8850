#!/bin/sh
# Starts a handler behind Lambda's runtime interface emulator, with the environment that `deploy` read from the template
# for $FUNCTION. What the container was given itself wins.
set -ae
if [ -n "${FUNCTION:-}" ]; then . "/stack/$FUNCTION.env"; fi
exec aws-lambda-rie /opt/safelight/bin/python -m awslambdaric "$@"
