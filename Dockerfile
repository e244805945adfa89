# syntax=docker/dockerfile:1

# The server, as one image. Debian, not Alpine: native packages and the embedded Postgres are built for glibc.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json nest-cli.json ormconfig.ts ./
COPY migrations ./migrations
COPY src ./src
RUN npm run build

FROM node:20-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

FROM node:20-bookworm-slim
WORKDIR /app
# Inside a container only its published ports can be reached, so both doors listen on all interfaces here.
ENV NODE_ENV=production \
    API_HOST=0.0.0.0 \
    API_PORT=8082 \
    GRPC_HOST=0.0.0.0 \
    GRPC_PORT=9001 \
    DATA_DIR=/var/lib/tallyhouse
RUN install -d -o node -g node -m 0711 /var/lib/tallyhouse
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY proto ./proto
COPY catalogue ./catalogue
COPY fonts ./fonts
USER node
VOLUME /var/lib/tallyhouse
EXPOSE 8082 9001
# Alive, not ready: a Postgres that is away for a minute is no reason to restart this process.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.API_PORT}/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Room for the young: with the default, a fifth of the service's time under load went into collecting what a request leaves behind.
CMD ["node", "--enable-source-maps", "--max-semi-space-size=64", "dist/src/main.js"]
