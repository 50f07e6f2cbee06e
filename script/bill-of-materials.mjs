// `dist/sbom.cdx.json`: every package that this version was built and tested with, with versions, licences and hashes, as
// CycloneDX. What an installation gets may be newer where a package below allows it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, StepError } from './steps.mjs';

const BILL = join(ROOT, 'dist/sbom.cdx.json');
const ARGUMENTS = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const DEVELOPMENT = 'cdx:npm:package:development';

/** Answers how many there are. */
export function writeBill() {
  const { status, stdout, stderr } = spawnSync('npm', ARGUMENTS, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new StepError(`${stderr}\nnpm sbom failed (exit ${status})`);
  const bill = JSON.parse(stdout);
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  // npm names the root after its directory.
  Object.assign(bill.metadata.component, { name, version });
  // Not by `--omit dev`: that leaves out what development packages have in common with the others.
  bill.components = bill.components.filter(({ properties = [] }) =>
    properties.every((property) => property.name !== DEVELOPMENT),
  );
  const kept = new Set([...bill.components, bill.metadata.component].map((one) => one['bom-ref']));
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
  mkdirSync(dirname(BILL), { recursive: true });
  writeFileSync(BILL, `${JSON.stringify(bill, null, 1)}\n`);
  return bill.components.length;
}

if (process.argv[1] === import.meta.filename) writeBill();
