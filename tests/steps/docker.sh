#!/bin/sh
# The images and the compose files, with a Docker engine.
exec sh "$(dirname "$0")/../docker.sh"
