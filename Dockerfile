# One Ringhold node. `docker compose up --build` starts five; see docker-compose.yml for what each is told.

FROM node:24-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY sdk/package.json sdk/
COPY services/cache-node/package.json services/cache-node/
COPY cli/package.json cli/
COPY bench/peers/package.json bench/peers/

FROM manifests AS build
RUN npm ci --no-audit --no-fund
COPY tsconfig.base.json ./
COPY sdk sdk
COPY services services
RUN npx tsc -b services/cache-node

# What the node needs to run, and no more.
FROM manifests AS dependencies
RUN npm ci --no-audit --no-fund --omit=dev --workspace services/cache-node

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Ringhold node" \
      org.opencontainers.image.description="A node of Ringhold, the distributed in-memory cache for Node.js teams" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    RINGHOLD_HOST=0.0.0.0
WORKDIR /app
COPY LICENSE ./
COPY --from=dependencies /app ./
COPY --from=build /app/sdk/dist sdk/dist
COPY --from=build /app/services/cache-node/dist services/cache-node/dist
USER node
# Clients and peers.
EXPOSE 7001 7101
STOPSIGNAL SIGTERM
# The image has neither curl nor wget; Node asks just as well. Every probe is a process: often enough, not oftener.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.RINGHOLD_PORT || 7001}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "services/cache-node/dist/main.js"]
