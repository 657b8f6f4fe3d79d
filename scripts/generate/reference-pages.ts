import type { Command } from 'commander';
import { errorCodes } from '../../core/errors.ts';

/** What the exit codes of docs/errors.md stand for. */
const families: Record<number, string> = {
  1: 'a fault in Sluice itself',
  2: 'the command line or the pipeline file',
  3: 'the input',
  4: 'a service or resource: store, bus, port, disk',
  5: 'a stored model or snapshot',
};

/** docs/errors.md */
export function errorsPage(): string {
  const sections = Object.entries(families).map(([exit, family]) => {
    const codes = Object.entries(errorCodes).filter(([, code]) => code.exit === Number(exit));
    return `## Exit code ${exit}: ${family}\n\n${codes.map(([code, { summary }]) => `### ${code}\n\n${summary}\n`).join('\n')}`;
  });
  return `# Errors\n\nEvery error has a code from this list, quotes what is wrong, says where and what to do. It goes to standard error as\n\`error [CODE] message\`, with \`--json\` as \`{"error": {"code": …, "message": …, "place": …, "fix": …}}\`: what is wrong,\nwhere, and what to do. The exit code tells the families apart.\n\n${sections.join('\n')}`;
}

/** docs/cli.md: the help of every command. */
export function cliPage(program: Command): string {
  const commands = program.commands.filter((command) => command.name() !== 'help');
  const sections = commands.map((command) => `## sluice ${command.name()}\n\n${fenced(helpOf(command))}`);
  return `# Command line\n\n${fenced(helpOf(program))}\n${sections.join('\n')}`;
}

/** The help as it is printed, with the lines that are added after it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 120, getOutHasColors: () => false });
  command.outputHelp();
  const inner = command.commands.filter((child) => child.name() !== 'help' && command.parent !== null);
  return [text.trimEnd(), ...inner.map(helpOf)].join('\n\n');
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}
