import { ERROR_HELP } from '../common/error-help.js';
import { ERRORS, type ErrorCode } from '../common/errors.js';

/** docs/errors.md: a section for each code the proxy itself answers with. */
export function errorPages(): string {
  const sections = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { status, type, shouldRetry } = ERRORS[code];
    const { means, fix } = ERROR_HELP[code];
    const again = shouldRetry ? 'yes' : 'no';
    return `### ${code}\n\nHTTP ${status}, \`${type}\`, \`x-should-retry\`: ${again}.\n\n${means}\n\n**What to do:** ${fix}\n`;
  });
  return sections.join('\n');
}
