import { dirname } from 'node:path';
import { BY_THE_PROXY, check, type Given } from '../check.js';
import type { DiskFacts, DiskPlace } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const GONE = section('records-disappear-after-redeploy');
const FULL = section('the-disk-is-full-or-records-wait');

const MB = 1024 * 1024;
const LITTLE_BYTES = 1024 * MB;
const NOTHING_BYTES = 100 * MB;

/** The SQLite file and the spool may be on different disks. */
export const DISK_CHECK = check('disk', 'the disk has room', ['disk'], BY_THE_PROXY, (facts) => [
  ...unwritable(facts),
  ...room(facts),
  ...openDirectory(facts),
]);

export function passingStorage({ disk }: Given<'disk'>): Finding[] {
  const passing = disk.places.filter((place) => place.passing !== null);
  if (passing.length === 0) return [];
  const records = passing.some(({ holds }) => holds === 'records');
  return [
    {
      id: records ? 'records_in_container' : 'spool_in_container',
      severity: records ? 'error' : 'warning',
      symptom: records
        ? 'Records disappear after a redeploy.'
        : 'Records that wait for the database disappear with the container.',
      evidence: passing.map((place) => `${named(place)}: ${place.passing ?? ''}`),
      cause: records
        ? 'The history is a SQLite file inside of the container, or in memory, which ends with it.'
        : 'The spool is inside of the container, or in memory, which ends with it.',
      fix: disk.inContainer
        ? 'docker run -v responses-proxy:/data -e PROXY_DATA_DIR=/data …   # with the other arguments of before; in Kubernetes a PersistentVolumeClaim. Or set PROXY_DATABASE_URL=postgres://…; `responses-proxy migrate-data` takes what is there along'
        : 'export PROXY_DATA_DIR="$HOME/.responses-proxy"   # and no PROXY_SQLITE_URL, where the proxy is started; or a disk of your own. `responses-proxy migrate-data` takes what is there along to Postgres',
      docs: GONE,
    },
  ];
}

function unwritable({ disk }: Given<'disk'>): Finding[] {
  const closed = disk.places.filter(({ writable }) => !writable);
  if (closed.length === 0) return [];
  const folders = [...new Set(closed.map(folderOf))].map(quoted).join(' ');
  return [
    {
      id: 'data_directory_unwritable',
      severity: 'error',
      symptom: 'The start ends with a line about PROXY_DATA_DIR or PROXY_SQLITE_URL, or records are dropped.',
      evidence: closed.map((place) => `this user may not write to ${named(place)}`),
      cause: 'Owner, rights or a read-only mount.',
      fix: disk.inContainer
        ? `chown -R 10001:10001 ${folders}   # on the host, what is mounted there; and mount it writable`
        : `sudo chown -R "$(id -un)" ${folders}   # as the user of the proxy; a read-only mount has to be mounted writable`,
      docs: FULL,
    },
  ];
}

function room({ disk, spool }: Given<'disk'>): Finding[] {
  const mayGrow = spool == null ? LITTLE_BYTES : spool.maxBytes - spool.bytes;
  const low = disk.places.filter(({ holds, freeBytes, writable }) => {
    const wanted = holds === 'spool' ? Math.min(LITTLE_BYTES, mayGrow) : LITTLE_BYTES;
    return writable && freeBytes !== null && freeBytes <= wanted;
  });
  if (low.length === 0) return [];
  const full = low.some(({ freeBytes }) => (freeBytes ?? 0) < NOTHING_BYTES);
  const folders = [...new Set(low.map(folderOf))].map(quoted).join(' ');
  return [
    {
      id: full ? 'disk_full' : 'disk_nearly_full',
      severity: full ? 'error' : 'warning',
      symptom: 'Records, or their bodies, are about to be dropped.',
      evidence: low.map((place) => `${named(place)}: ${Math.floor((place.freeBytes ?? 0) / MB)} MB free`),
      cause: `The disk of ${variablesOf(low)} has no room left.`,
      fix: `df -h ${folders}; du -h -d 1 ${folders}   # what takes the room: make some, or put it on a larger disk (${variablesOf(low)}); PROXY_RETENTION_DAYS and PROXY_BODY_RETENTION_DAYS bound what SQLite grows to`,
      docs: FULL,
    },
  ];
}

function openDirectory({ disk }: Given<'disk'>): Finding[] {
  if (disk.openDirectory === null) return [];
  return [
    {
      id: 'data_directory_open',
      severity: 'note',
      symptom: 'Other users of this machine may read conversations.',
      evidence: [disk.openDirectory],
      cause: 'The directory was there before the proxy and keeps its rights.',
      fix: `chmod 700 ${quoted(disk.dataDir)}`,
      docs: section('the-proxy-is-open-to-strangers'),
    },
  ];
}

function named({ holds, path }: DiskPlace): string {
  return `${path} (${holds === 'records' ? 'the SQLite file' : 'the spool'})`;
}

function folderOf({ holds, path }: DiskPlace): string {
  return holds === 'records' ? dirname(path) : path;
}

function variablesOf(places: DiskFacts['places']): string {
  const names = places.map(({ holds }) =>
    holds === 'spool' ? 'PROXY_DATA_DIR' : 'PROXY_DATA_DIR or PROXY_SQLITE_URL',
  );
  return names.includes('PROXY_DATA_DIR or PROXY_SQLITE_URL')
    ? 'PROXY_DATA_DIR or PROXY_SQLITE_URL'
    : 'PROXY_DATA_DIR';
}
