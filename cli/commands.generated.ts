// Written by `npm run generate` from the folders; do not edit.
import type { Command } from 'commander';
import { register as backfillCommand } from './commands/backfill.ts';
import { register as checkCommand } from './commands/check.ts';
import { register as deadCommand } from './commands/dead.ts';
import { register as doctorCommand } from './commands/doctor.ts';
import { register as evaluateCommand } from './commands/evaluate.ts';
import { register as exportCommand } from './commands/export.ts';
import { register as initCommand } from './commands/init.ts';
import { register as listCommand } from './commands/list.ts';
import { register as processCommand } from './commands/process.ts';
import { register as produceCommand } from './commands/produce.ts';
import { register as queryCommand } from './commands/query.ts';
import { register as runCommand } from './commands/run.ts';
import { register as schemaCommand } from './commands/schema.ts';
import { register as simulateCommand } from './commands/simulate.ts';
import { register as trainCommand } from './commands/train.ts';

export const commands: readonly ((program: Command) => void)[] = [initCommand, checkCommand, runCommand, trainCommand, backfillCommand, queryCommand, exportCommand, listCommand, schemaCommand, deadCommand, doctorCommand, evaluateCommand, processCommand, produceCommand, simulateCommand];
