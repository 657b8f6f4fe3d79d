import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { SimulatorControl } from '../core/simulator.ts';

/** The items of the service that `serve.simulator` names. */
export async function remoteSimulator({ serve }: PipelineConfig): Promise<SimulatorControl | undefined> {
  if (serve?.simulator === undefined) return undefined;
  const [{ RemoteItems }, { environment }] = await Promise.all([import('../producer/simulator/remote-items.ts'), import('./environment.ts')]);
  return new RemoteItems(serve.simulator, (await environment()).SLUICE_TOKEN);
}
