import type { Command } from 'commander';
import type { Finding } from '../../core/finding.ts';
import type { Section } from '../doctor/examination.ts';
import type { Environment } from '../environment.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface DoctorOptions {
  readonly set?: readonly string[];
  readonly json?: true;
}

/** A service is missing, or not as it has to be. */
const exitCode = 4;

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('is all there that is needed, and if not, what to do')
    .description(
      'Looks at this machine and, with a pipeline, at its file, variables, source, port, bus and store: each check is ok, a warning, failed or not checked, with what was found and what to do. Changes nothing. Ends with 0 when nothing failed, else with 4.',
    )
    .argument('[pipeline]', 'the pipeline file; without it: this machine, and what servers answer')
    .option('--set <path=value>', setHelp, collect)
    .option('--json', 'print JSON: {ok, counts, checks: [{section, check, status, found, fix}]}')
    .addHelpText('after', '\nExamples:\n  sluice doctor\n  sluice doctor pipelines/swat-kafka.yaml\n  sluice doctor pipelines/swat-kafka.yaml --json')
    .action(doctor);
}

async function doctor(file: string | undefined, { set = [], json }: DoctorOptions): Promise<void> {
  const [{ examine }, { machineFindings }, { countsOf, sectionText, summaryText }, { terminalWidth }] = await Promise.all([
    import('../doctor/examination.ts'),
    import('../doctor/machine.ts'),
    import('../doctor/report.ts'),
    import('../text-table.ts'),
  ]);
  const { environment, findings } = await environmentForDoctor();
  const sections: Section[] = [{ title: 'machine', look: () => withFirst(findings, machineFindings()) }];
  if (file === undefined) {
    const { serverFindings } = await import('../doctor/servers.ts');
    sections.push({ title: 'servers', look: (signal) => serverFindings(environment.values, signal) });
  } else {
    const { loadForDoctor, pipelineSections } = await import('../doctor/pipeline.ts');
    sections.push(...(await pipelineSections(await loadForDoctor(file, set, environment), environment.values)));
  }
  const examined = [];
  for await (const section of examine(sections)) {
    examined.push(section);
    if (!json) process.stdout.write(sectionText(section, terminalWidth() ?? 100));
  }
  const counts = countsOf(examined);
  const checks = examined.flatMap(({ title, findings }) => findings.map((finding) => ({ section: title, ...finding })));
  process.stdout.write(json ? `${JSON.stringify({ ok: counts.failed === 0, counts, checks }, undefined, 2)}\n` : summaryText(counts));
  process.exitCode = counts.failed === 0 ? 0 : exitCode;
  // What did not answer in time must not keep the process alive.
  setTimeout(() => process.exit(), 1000).unref();
}

/** A file that cannot be read is a finding, and the rest is looked at without it. */
async function environmentForDoctor(): Promise<{ environment: Environment; findings: Finding[] }> {
  const [{ environmentPath, openEnvironment }, { SluiceError }, { failed }] = await Promise.all([
    import('../environment.ts'),
    import('../../core/errors.ts'),
    import('../../core/finding.ts'),
  ]);
  try {
    return { environment: await openEnvironment(), findings: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const found = error.place === undefined ? error.what : `${error.what} (${error.place})`;
    const finding = failed('environment file', found, error.fix ?? `Correct ${environmentPath().path}.`);
    return { environment: { values: process.env, file: undefined }, findings: [finding] };
  }
}

async function* withFirst(first: readonly Finding[], rest: AsyncIterable<Finding>): AsyncGenerator<Finding> {
  yield* first;
  yield* rest;
}
