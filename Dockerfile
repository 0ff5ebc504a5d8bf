# syntax=docker/dockerfile:1
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/waypost/waypost/server.release=${VERSION}" -o /out/waypost ./cmd/waypost \
 && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/waypost /waypost
# A new volume takes over the folder's owner.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV WAYPOST_ADDR=:8080 WAYPOST_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
# Whether the process lives: one that waits for its database must not be killed for it, its spool holds clicks.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/waypost", "health", "--live"]
ENTRYPOINT ["/waypost"]
CMD ["serve"]
