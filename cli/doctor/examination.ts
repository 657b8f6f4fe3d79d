import { SluiceError } from '../../core/errors.ts';
import { type Finding, failed } from '../../core/finding.ts';

/** Checks that belong together: of the machine, of the bus. */
export interface Section {
  readonly title: string;
  look(signal: AbortSignal): AsyncIterable<Finding>;
}

export interface Examined {
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** No section may take longer, ms: each step of one has bounds of its own below that. */
const sectionWithin = 20_000;

/** Looks at all sections at the same time, and gives them in their order as soon as that is possible. */
export async function* examine(sections: readonly Section[], within = sectionWithin): AsyncGenerator<Examined> {
  const running = sections.map((section) => examineSection(section, within));
  for (const [i, findings] of running.entries()) yield { title: sections[i].title, findings: await findings };
}

/** What one check stumbles over is a finding too, and hides no other. */
async function examineSection({ look }: Section, within: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  const controller = new AbortController();
  const late = Symbol();
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => {
      controller.abort(new Error('time is up'));
      resolve(late);
    }, within);
  });
  const found = look(controller.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([found.next(), time]);
      if (next === late) {
        findings.push(failed('the rest', `is not known after ${within / 1000} s`, 'See what was found before, and try again.'));
        break;
      }
      if (next.done) break;
      findings.push(next.value);
    }
  } catch (error) {
    findings.push(stumbled(error));
  } finally {
    clearTimeout(timer);
  }
  return findings;
}

function stumbled(error: unknown): Finding {
  if (error instanceof SluiceError) return failed('the rest', error.what, error.fix ?? 'See what was found before.');
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return failed('the rest', `a fault in Sluice itself: ${message}`, `Report it, with this: ${(stack ?? message).split('\n').slice(0, 3).join(' ')}`);
}
