# The embedded pipeline: no service beside it. Built in one stage, run from another without compiler or tests.
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20.19.5-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY sluice LICENSE ./
COPY scripts/prepare.sh ./scripts/prepare.sh
COPY pipelines ./pipelines
COPY data/swat-sample.xlsx ./data/swat-sample.xlsx
RUN mkdir .sluice && chown node:node .sluice
USER node
VOLUME /app/.sluice
EXPOSE 8080
HEALTHCHECK --interval=10s --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["./sluice"]
# Inside the container the server listens on every interface; docker-compose.yml publishes it on the host's loopback only.
CMD ["run", "pipelines/swat.yaml", "--set", "serve.host=0.0.0.0"]
