import { createServer } from 'node:net';
import { type Finding, failed, ok, warning } from '../../core/finding.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';

/** Can the page and the metrics be served where the pipeline says? */
export async function portFinding({ host, port, exact }: NonNullable<PipelineConfig['serve']>): Promise<Finding> {
  const place = `${host}:${port}`;
  const error = port === 0 ? undefined : await listenError(host, port);
  if (error === undefined) return ok('port', `${place} is free`);
  if (error.code !== 'EADDRINUSE') return failed('port', `${place} cannot be listened on: ${error.message}`, 'Name another one: serve.host, serve.port.');
  if (await isSluice(host, port)) return ok('port', `${place} is held by a running Sluice`);
  if (exact) return failed('port', `${place} is in use`, 'Stop what listens there, or set serve.port to another.');
  return warning('port', `${place} is in use: the next free one will be taken`, 'Set serve.port to one that is free, so that it stays the same.');
}

function listenError(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function isSluice(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  try {
    const response = await fetch(`http://${name}:${port}/metrics`, { signal: AbortSignal.timeout(1000) });
    return (await response.text()).includes('# HELP sluice_');
  } catch {
    // Whatever listens there speaks no HTTP.
    return false;
  }
}
