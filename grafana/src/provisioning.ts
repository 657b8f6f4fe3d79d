import { stringify } from 'yaml';
import { contactPointsFile, policiesFile, rulesFile } from './alerts.ts';
import { allBoards } from './boards.ts';
import { dataSourceFile } from './data-sources.ts';

const made = '# Made from grafana/src by `npm run generate`: change it there.\n';

const contactPointsNeed = `# Grafana does not start when one of these is empty. Where nobody is to be told: SLUICE_ALERT_WEBHOOK=http://127.0.0.1:9/ and
# SLUICE_ALERT_EMAIL=nobody@example.invalid, at which nobody listens. Mail wants GF_SMTP_ENABLED=true and GF_SMTP_HOST too.
`;

const yaml = (content: object, note = ''): string => made + note + stringify(content, { lineWidth: 0 });

/** Every file of grafana/provisioning: its path there and its text. */
export function provisioningFiles(): Map<string, string> {
  const files = new Map<string, string>();
  files.set('datasources/sluice.yaml', yaml(dataSourceFile()));
  files.set('dashboards/sluice.yaml', yaml(providerFile()));
  const boards = allBoards();
  files.set('alerting/rules.yaml', yaml(rulesFile(boards)));
  files.set('alerting/contact-points.yaml', yaml(contactPointsFile(), contactPointsNeed));
  files.set('alerting/policies.yaml', yaml(policiesFile()));
  for (const board of boards) files.set(`dashboards/${board.uid}.json`, `${JSON.stringify(board, undefined, 2)}\n`);
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
