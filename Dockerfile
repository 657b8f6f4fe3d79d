# One image for every command: the embedded run by default, `produce` and `process` in docker-compose.yml. Built in one stage,
# run from another without compiler or tests.
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
# Readable for the user that runs it, whatever the rights in the clone were.
RUN npm run build && npm prune --omit=dev && chmod -R u=rwX,go=rX .

FROM node:20.19.5-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/sluice /app/LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/scripts/prepare.sh /app/scripts/stack-init.sh ./scripts/
COPY --from=build /app/pipelines ./pipelines
COPY --from=build /app/data/swat-sample.xlsx ./data/swat-sample.xlsx
# What is written: the embedded store, and in the stack the tokens and what the other services keep. A new volume takes its owner and
# rights from here.
RUN mkdir -p -m 700 .sluice && for name in tokens writer reader telegraf grafana chronograf; do mkdir -p -m 700 /var/lib/sluice/$name; done \
  && chown -R node:node .sluice /var/lib/sluice
USER node
EXPOSE 8080
# For the commands that serve, `run` and `process`; docker-compose.yml turns it off for those that do not.
HEALTHCHECK --interval=10s --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["./sluice"]
# Inside the container the server listens on every interface; publish it on the host's loopback only (docs/stack.md).
CMD ["run", "pipelines/swat.yaml", "--set", "serve.host=0.0.0.0"]
