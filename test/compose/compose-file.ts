import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repository } from '../house/temporary-clone.ts';

export interface Service {
  readonly image: string;
  readonly build?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly tmpfs: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] };
  readonly restart: string;
  readonly stop_grace_period: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly logging: { readonly options: Readonly<Record<string, string>> };
  readonly user?: string;
  readonly init?: boolean;
  readonly profiles?: readonly string[];
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
}

export const composeText = readFileSync(join(repository, 'docker-compose.yml'), 'utf8');

/** docker-compose.yml with its anchors merged and its variables as they are written. A copy: change it as you like. */
export const composeFile = (): ComposeFile => parse(composeText, { merge: true }) as ComposeFile;

const variable = /\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g;

/** The variables that a text asks for. */
export function variables(text: string): { name: string; fallback: string | undefined; required: boolean }[] {
  return [...text.matchAll(variable)].map(([, name, sign, rest]) => ({ name, fallback: sign === '-' ? rest : undefined, required: sign === '?' }));
}

/** The text with the variables put in, by the rules of Compose. */
export function interpolate(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(variable, (_, name: string, sign: string | undefined, rest: string) => {
    const value = environment[name];
    if (value) return value;
    if (sign === '-') return rest;
    throw new Error(`${name} ${rest ?? 'is missing'}`);
  });
}
