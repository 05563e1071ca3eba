# The image, of the Debian package and nothing else: dpkg-buildpackage -b, then
#   cp ../tocsin_*.deb tocsin.deb && docker build -t tocsin .
# helm/image/build.sh makes the same one without a daemon: it takes the last stage from this file, and
# both take the files from helm/image/rootfs.sh.
FROM debian:bookworm-slim AS files
COPY helm/image/rootfs.sh tocsin.deb /
RUN apt-get update && /rootfs.sh /tocsin.deb /files

FROM scratch
ARG VERSION=unknown REVISION=unknown CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="tocsin" \
      org.opencontainers.image.description="Matches cloud audit events against Sigma rules and alerts people" \
      org.opencontainers.image.source="https://github.com/example/tocsin" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
COPY --from=files /files /
ENV TOCSIN_STORE=/var/lib/tocsin
USER 10001:10001
WORKDIR /var/lib/tocsin
EXPOSE 8484
ENTRYPOINT ["/usr/bin/tocsin"]
CMD ["run", "--config", "/etc/tocsin/tocsin.yml"]
