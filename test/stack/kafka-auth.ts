import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './server-process.ts';

export interface Listener {
  readonly name: string;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly port: number;
}

/** How to get in where not everyone may. */
export interface KafkaAuth {
  /** One user, known to all three. */
  readonly mechanisms: readonly ['plain', 'scram-sha-256', 'scram-sha-512'];
  readonly username: string;
  readonly password: string;
  /** The certificate that signs the server's, which is its own: PEM, and the file that holds it. */
  readonly ca: string;
  readonly caFile: string;
  /** Encrypted, without a password. */
  readonly tlsBrokers: string[];
  /** With a password, in the clear. */
  readonly saslBrokers: string[];
  /** With a password, encrypted. */
  readonly saslTlsBrokers: string[];
}

interface Secure {
  readonly listeners: readonly Listener[];
  readonly settings: Readonly<Record<string, string>>;
  /** Users of SCRAM live in the metadata, and so are made with them. */
  readonly formatOptions: readonly string[];
  readonly auth: KafkaAuth;
}

const modules = 'org.apache.kafka.common.security';

/** Listeners with passwords and encryption, with a user and a certificate made for them. */
export async function secureListeners(folder: string): Promise<Secure> {
  const tls: Listener = { name: 'TLS', protocol: 'SSL', port: await freePort() };
  const sasl: Listener = { name: 'SASL', protocol: 'SASL_PLAINTEXT', port: await freePort() };
  const saslTls: Listener = { name: 'SASLTLS', protocol: 'SASL_SSL', port: await freePort() };
  const username = 'operator';
  const password = randomBytes(12).toString('hex');
  const settings: Record<string, string> = { 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512' };
  for (const { name } of [sasl, saslTls]) {
    const prefix = `listener.name.${name.toLowerCase()}`;
    settings[`${prefix}.plain.sasl.jaas.config`] = `${modules}.plain.PlainLoginModule required user_${username}="${password}";`;
    for (const strength of [256, 512]) settings[`${prefix}.scram-sha-${strength}.sasl.jaas.config`] = `${modules}.scram.ScramLoginModule required;`;
  }
  const { caFile, keyStore } = await certificate(folder);
  for (const { name } of [tls, saslTls]) {
    settings[`listener.name.${name.toLowerCase()}.ssl.keystore.type`] = 'PEM';
    settings[`listener.name.${name.toLowerCase()}.ssl.keystore.location`] = keyStore;
  }
  const at = ({ port }: Listener): string[] => [`127.0.0.1:${port}`];
  return {
    listeners: [tls, sasl, saslTls],
    settings,
    formatOptions: [256, 512].flatMap((strength) => ['--add-scram', `SCRAM-SHA-${strength}=[name=${username},password=${password}]`]),
    auth: {
      mechanisms: ['plain', 'scram-sha-256', 'scram-sha-512'],
      username,
      password,
      ca: await readFile(caFile, 'utf8'),
      caFile,
      tlsBrokers: at(tls),
      saslBrokers: at(sasl),
      saslTlsBrokers: at(saslTls),
    },
  };
}

/** A certificate for this machine that signs itself; the key store is the key and the certificate in one file. */
async function certificate(folder: string): Promise<{ caFile: string; keyStore: string }> {
  const caFile = join(folder, 'ca.pem');
  const keyStore = join(folder, 'server.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, '-keyout', keyStore, '-out', caFile]);
  await appendFile(keyStore, await readFile(caFile));
  return { caFile, keyStore };
}
