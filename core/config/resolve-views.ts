import { quote } from '../errors.ts';
import type { ComponentConfig, ViewConfig } from '../pipeline-config.ts';
import { isKeys, type Keys, type PipelineFile, parseWritten, readForm } from './component-forms.ts';
import { defaultSteps } from './frame.ts';

export async function viewConfigs(file: PipelineFile, value: unknown): Promise<Map<string, ViewConfig>> {
  const declared: Keys = value === undefined ? { default: [...defaultSteps] } : isKeys(value) ? value : {};
  const names = Object.keys(declared);
  const views = new Map<string, ViewConfig>();
  for (const [name, chain] of Object.entries(declared)) {
    if (!Array.isArray(chain)) continue;
    const path = ['views', name];
    const [head] = chain;
    if (file.registry.types('step').includes(name))
      file.document.mistake(path, `the view ${quote(name)} has the name of a preprocess step; choose another`, 'key');
    const based = typeof head === 'string' && names.includes(head);
    const steps: ComponentConfig[] = [];
    for (const [i, entry] of chain.entries()) {
      if (i === 0 && based) continue;
      const at = [...path, i];
      if (i > 0 && typeof entry === 'string' && names.includes(entry)) {
        file.document.mistake(at, `the view ${quote(entry)} can only come first: the chain goes on from what it gives`);
        continue;
      }
      const written = readForm(file.document, entry, at, { what: 'preprocess step', known: file.registry.types('step'), keyed: true });
      const step = written && (await parseWritten(file, 'step', written, [], 'preprocess step', i === 0 ? names.filter((other) => other !== name) : []));
      if (step) steps.push(step);
    }
    views.set(name, { ...(based ? { base: head } : {}), steps });
  }
  refuseCycles(file, views);
  return views;
}

function refuseCycles(file: PipelineFile, views: Map<string, ViewConfig>): void {
  for (const name of views.keys()) {
    const chain = [name];
    for (let base = views.get(name)?.base; base !== undefined; base = views.get(base)?.base) {
      chain.push(base);
      if (base === name) {
        file.document.mistake(['views', name, 0], `the view ${quote(name)} starts from itself: ${chain.join(' <- ')}`);
        break;
      }
      if (chain.indexOf(base) < chain.length - 1) break;
    }
  }
}
