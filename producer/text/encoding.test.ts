import { describe, expect, it } from 'vitest';
import { decodeText, markedEncoding, refuseBinary } from './encoding.ts';

describe('markedEncoding', () => {
  it('believes a byte order mark, and says how long it is', () => {
    expect(markedEncoding(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toEqual({ encoding: 'utf-8', mark: 3 });
    expect(markedEncoding(Buffer.from([0xff, 0xfe, 0x61, 0]))).toEqual({ encoding: 'utf-16le', mark: 2 });
    expect(markedEncoding(Buffer.from([0xfe, 0xff, 0, 0x61]))).toEqual({ encoding: 'utf-16be', mark: 2 });
  });

  it('tells UTF-16 by where the zero bytes stand', () => {
    expect(markedEncoding(Buffer.from('time,°C', 'utf16le'))).toEqual({ encoding: 'utf-16le', mark: 0 });
    expect(markedEncoding(Buffer.from('time,°C', 'utf16le').swap16())).toEqual({ encoding: 'utf-16be', mark: 0 });
  });

  it('leaves open what neither tells, also of very short and of binary files', () => {
    for (const bytes of [Buffer.from(''), Buffer.from('1'), Buffer.from('time,é'), Buffer.from('time,é', 'latin1'), Buffer.from([0, 0, 0, 0, 1, 2])]) {
      expect(markedEncoding(bytes)).toBeUndefined();
    }
  });
});

describe('decodeText', () => {
  it('reads UTF-8, Windows-1252 and Latin-1', () => {
    expect(decodeText(Buffer.from('süd €'), 'utf-8')).toBe('süd €');
    expect(decodeText(Buffer.from([0x80, 0xb0]), 'windows-1252')).toBe('€°');
    expect(decodeText(Buffer.from([0x80, 0xb0]), 'latin1')).toBe('\u0080°');
  });

  it('knows all of Windows-1252', () => {
    const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
    const bytes = Array.from({ length: 32 }, (_, i) => 0x80 + i).filter((byte) => !undefinedBytes.includes(byte));
    expect(decodeText(Buffer.from(bytes), 'windows-1252')).toBe('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');
    for (let byte = 0; byte < 256; byte++) {
      if (byte < 0x80 || byte > 0x9f || undefinedBytes.includes(byte)) expect(decodeText(Buffer.from([byte]), 'windows-1252')).toBe(String.fromCharCode(byte));
    }
  });

  it('reads a UTF-16 file as the UTF-8 that its blocks come in, bad bytes as U+FFFD', () => {
    expect(decodeText(Buffer.from('süd'), 'utf-16be')).toBe('süd');
    expect(decodeText(Buffer.from([0x61, 0xff]), 'utf-8')).toBe('a\ufffd');
  });
});

describe('refuseBinary', () => {
  it('lets text pass, and names the file and the way out otherwise', () => {
    expect(() => refuseBinary(Buffer.from('time,a\n'), 'plant.csv')).not.toThrow();
    expect(() => refuseBinary(Buffer.from('a\0b'), 'plant.csv')).toThrow(/byte 1 is zero.*\(plant\.csv\).*`encoding`/);
    expect(() => refuseBinary(Buffer.from('PK\u0003\u0004'), 'plant.csv')).toThrow(/zip archive.*\(plant\.csv\).*`type: xlsx`/);
  });
});
