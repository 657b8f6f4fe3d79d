import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeProgram } from '../../cli/program.ts';
import { errorCodes } from '../../core/errors.ts';
import { cliPage, errorsPage } from './reference-pages.ts';

test('every error code has its entry, under its exit code', () => {
  const page = errorsPage();
  for (const [code, { exit, summary }] of Object.entries(errorCodes)) {
    const section = page.split('\n## ').find((text) => text.startsWith(`Exit code ${exit}:`));
    expect(section).toContain(`### ${code}\n\n${summary}\n`);
  }
  expect([...page.matchAll(/^### /gm)]).toHaveLength(Object.keys(errorCodes).length);
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(page);
});

test('the page of the command line is the help of every command, inner ones too', () => {
  const page = cliPage(
    makeProgram([
      (program) => program.command('go').description('Goes.').argument('<where>', 'the place').addHelpText('after', '\nExamples:\n  sluice go home'),
      (program) => {
        const ask = program.command('ask').description('Asks.');
        ask.command('why').description('Asks why.').option('--twice', 'asks again');
      },
    ]),
  );
  expect(page).toContain('## sluice go\n\n```text\nUsage: sluice go [options] <where>\n\nGoes.\n');
  expect(page).toContain('Examples:\n  sluice go home\n```');
  expect(page).toContain('Usage: sluice ask why [options]');
  expect(page).toContain('--twice');
  expect(page).toContain('Exit codes:');
});
