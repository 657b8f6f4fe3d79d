import { stringify } from 'yaml';
import { allBoards } from './boards.ts';
import { dataSourceFile } from './data-sources.ts';

const made = '# Made from grafana/src by `npm run generate`: change it there.\n';

const yaml = (content: object): string => made + stringify(content, { lineWidth: 0 });

/** Every file of grafana/provisioning: its path there and its text. */
export function provisioningFiles(): Map<string, string> {
  const files = new Map<string, string>();
  files.set('datasources/sluice.yaml', yaml(dataSourceFile()));
  files.set('dashboards/sluice.yaml', yaml(providerFile()));
  for (const board of allBoards()) files.set(`dashboards/${board.uid}.json`, `${JSON.stringify(board, undefined, 2)}\n`);
  return files;
}

/** Where Grafana finds the boards. What is changed on the page is lost with the next start: boards belong here. */
function providerFile(): object {
  return {
    apiVersion: 1,
    providers: [
      {
        name: 'sluice',
        folder: 'Sluice',
        folderUid: 'sluice',
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 60,
        options: { path: '/etc/grafana/provisioning/dashboards', foldersFromFilesStructure: false },
      },
    ],
  };
}
