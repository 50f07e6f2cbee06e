# A line (or none) of a process that has ended, as JSON about its end, without secrets: none of what this environment calls
# one, no password of a URL, nothing that looks like a key.
function hide(text, secret,   at) {
  while ((at = index(text, secret)) > 0) text = substr(text, 1, at - 1) "…" substr(text, at + length(secret))
  return text
}

function quoted(text) {
  gsub(/[[:cntrl:]]/, " ", text)
  gsub(/[\\"]/, "\\\\&", text)
  return "\"" text "\""
}

{
  line = $0
  sub(/^ +/, "", line)
}

END {
  for (name in ENVIRON) {
    if (name !~ /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/) continue
    many = split(ENVIRON[name], parts, /[, \t\r\n]+/)
    for (i = 1; i <= many; i++) if (length(parts[i]) >= 8) line = hide(line, parts[i])
  }
  gsub(/:\/\/[^\/ ]*@/, "://…@", line)
  gsub(/(sk-|rpx_)[A-Za-z0-9_-]+/, "…", line)
  gsub(/[Bb]earer [^ ]+/, "Bearer …", line)
  printf "{\"process\":%s,\"code\":%s,\"signal\":%s,\"at\":%s,\"container_ended\":%s,\"last_line\":%s}\n", \
    quoted(process), code, signal, at, ended, line == "" ? "null" : quoted(substr(line, 1, 400))
}
