// The load generator. `load port=N request=FILE conc=N total=N [rate=PER_SECOND] [sessions=N] [paced=1] [limit=SECONDS]`
// sends the file (a whole HTTP request) `total` times and prints one line of JSON. Without `rate` each of `conc`
// connections sends the next request when it has its answer; with it requests leave by the clock on up to `conc`
// connections, and their latency counts from when they were due. SESSION in the file becomes one of `sessions` names.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SESSION "bench-s0000000"
#define AT_MARK "\"@0"
enum { IDLE, CONNECTING, SENDING, HEAD, LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, TILL_CLOSE };

struct conn {
  int fd, state, status, closes, line;
  size_t sent, head_len, left;
  unsigned long long due, first;
  char head[16384];
  struct conn *next_idle;
};
struct list { double *at; size_t n, room; };

static int poll_fd, conc = 1, paced, open_conns;
static unsigned short port;
static long total = 1, started, finished, sessions = 200, failed, refused, bad_status, cut, last_status;
static double rate, limit_s = 120;
static unsigned long offset; /* other sessions in each run, in no order a cache could like */
static char *request, *session_at, input[1 << 18];
static size_t request_len;
static struct conn *idle;
static struct list latency, first_byte, event_delay;

static unsigned long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void note(struct list *l, double value) {
  if (l->n == l->room) l->at = realloc(l->at, (l->room = l->room ? l->room * 2 : 4096) * sizeof(double));
  l->at[l->n++] = value;
}

static void watch(struct conn *c, int op, int writing) {
  struct epoll_event e = { .events = writing ? EPOLLOUT : EPOLLIN, .data.ptr = c };
  epoll_ctl(poll_fd, op, c->fd, &e);
}

static void begin(struct conn *c, unsigned long long due);

static void dropped(struct conn *c) {
  close(c->fd);
  c->fd = -1;
  open_conns--;
}

static void fail(struct conn *c, long *kind) {
  (*kind)++;
  failed++;
  finished++;
  dropped(c);
  if (rate > 0 || started >= total) { free(c); return; }
  begin(c, now_ns());
}

static void write_request(struct conn *c) {
  if (c->sent == 0 && session_at) {
    char text[32];
    snprintf(text, sizeof text, "%07lu", (offset + started) * 2654435761ul % sessions % 10000000);
    memcpy(session_at + 7, text, 7);
  }
  ssize_t n = write(c->fd, request + c->sent, request_len - c->sent);
  if (n < 0 && errno != EAGAIN) { fail(c, &cut); return; }
  if (n > 0) c->sent += n;
  int all = c->sent == request_len;
  if (c->state != SENDING || all) watch(c, EPOLL_CTL_MOD, !all);
  c->state = all ? HEAD : SENDING;
}

static void begin(struct conn *c, unsigned long long due) {
  started++;
  c->due = due;
  c->sent = c->head_len = 0;
  c->first = 0;
  if (c->fd >= 0) { write_request(c); return; }
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  open_conns++;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->state = CONNECTING;
  if (connect(c->fd, (struct sockaddr *)&a, sizeof a) && errno != EINPROGRESS) { fail(c, &refused); return; }
  watch(c, EPOLL_CTL_ADD, 1);
}

static void done(struct conn *c) {
  unsigned long long now = now_ns();
  finished++;
  if (c->status == 200) {
    note(&latency, (now - c->due) / 1e6);
    note(&first_byte, (c->first - c->due) / 1e6);
  } else {
    bad_status++;
    failed++;
    last_status = c->status;
  }
  c->state = IDLE;
  if (c->closes) dropped(c);
  if (rate > 0) {
    if (c->fd < 0) { free(c); return; }
    c->next_idle = idle;
    idle = c;
  } else if (started < total) begin(c, now);
  else if (c->fd >= 0) { dropped(c); free(c); }
}

/** Where the answer's head ends, -1 when not yet. */
static ssize_t head(struct conn *c, const char *bytes, size_t n) {
  size_t room = sizeof c->head - 1 - c->head_len, part = n < room ? n : room;
  memcpy(c->head + c->head_len, bytes, part);
  c->head[c->head_len + part] = 0;
  char *stop = strstr(c->head, "\r\n\r\n");
  if (!stop) { c->head_len += part; return -1; }
  size_t used = stop + 4 - c->head - c->head_len;
  stop[2] = 0;
  c->head_len = 0;
  c->status = atoi(c->head + 9);
  c->closes = strcasestr(c->head, "\r\nconnection: close\r") != NULL;
  char *length = strcasestr(c->head, "\r\ncontent-length:");
  c->line = 0;
  c->left = length ? strtoul(length + 17, NULL, 10) : 0;
  if (strcasestr(c->head, "\r\ntransfer-encoding: chunked")) c->state = CHUNK_SIZE;
  else c->state = length ? LENGTH : TILL_CLOSE;
  return used;
}

/** The state machine of a chunked body; true when it has ended. */
static int chunks(struct conn *c, const char *p, const char *stop) {
  while (p < stop) {
    if (c->state == CHUNK_DATA) {
      size_t n = (size_t)(stop - p) < c->left ? (size_t)(stop - p) : c->left;
      c->left -= n;
      p += n;
      if (c->left == 0) c->state = CHUNK_END;
      continue;
    }
    char b = *p++;
    if (c->state == CHUNK_END) { if (b == '\n') { c->state = CHUNK_SIZE; c->left = 0; c->line = 0; } }
    else if (c->state == CHUNK_SIZE) {
      if (b == '\n') { c->state = c->left ? CHUNK_DATA : TRAILER; c->line = 0; }
      else if (b == ';') c->line = 1;
      else if (b != '\r' && !c->line) c->left = c->left * 16 + (b <= '9' ? b - '0' : (b | 32) - 'a' + 10);
    } else if (b == '\n') { if (c->line == 0) return 1; c->line = 0; }
    else if (b != '\r') c->line++;
  }
  return 0;
}

static void delays(const char *bytes, size_t n) {
  double now = now_ns();
  const char *stop = bytes + n;
  for (const char *p = bytes; (p = memmem(p, stop - p, AT_MARK, 3)); p += 22) {
    if (stop - p < 22) return; // cut in two by the read: rare, left out
    char text[21] = { 0 };
    memcpy(text, p + 2, 20);
    note(&event_delay, (now - strtoull(text, NULL, 10)) / 1e6);
  }
}

static void readable(struct conn *c) {
  ssize_t n = read(c->fd, input, sizeof input);
  if (n <= 0) {
    if (n < 0 && errno == EAGAIN) return;
    if (c->state == TILL_CLOSE) { c->closes = 1; done(c); return; }
    if (c->state != IDLE) { fail(c, &cut); return; }
    dropped(c);
    for (struct conn **at = &idle; *at; at = &(*at)->next_idle)
      if (*at == c) { *at = c->next_idle; free(c); return; }
    return;
  }
  if (c->first == 0) c->first = now_ns();
  ssize_t from = 0;
  if (c->state == HEAD && (from = head(c, input, n)) < 0) return;
  if (paced) delays(input + from, n - from);
  if (c->state == LENGTH) {
    c->left -= (size_t)(n - from) < c->left ? (size_t)(n - from) : c->left;
    if (c->left == 0) done(c);
  } else if (c->state != TILL_CLOSE && chunks(c, input + from, input + n)) done(c);
}

static void writable(struct conn *c) {
  int error = 0;
  socklen_t len = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
  if (error) fail(c, &refused);
  else write_request(c);
}

/** Everything that is due by now; then the timer is set to the next. */
static void by_the_clock(int timer, unsigned long long from) {
  unsigned long long ticks, due;
  if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) exit(1);
  while (started < total && (due = from + (unsigned long long)(started * 1e9 / rate)) <= now_ns()) {
    struct conn *c = idle;
    if (c) idle = c->next_idle;
    else if (open_conns < conc) { c = calloc(1, sizeof *c); c->fd = -1; }
    if (c) begin(c, due);
    else { started++; finished++; failed++; refused++; }
  }
  if (started >= total) return;
  due = from + (unsigned long long)(started * 1e9 / rate);
  struct itimerspec at = { .it_value = { due / 1000000000ull, due % 1000000000ull } };
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print(const char *name, struct list *l) {
  if (l->n) qsort(l->at, l->n, sizeof(double), compare);
  double p50 = l->n ? l->at[(size_t)((l->n - 1) * 0.5)] : -1, p99 = l->n ? l->at[(size_t)((l->n - 1) * 0.99)] : -1;
  printf(",\"%s\":{\"n\":%zu,\"p50\":%.4f,\"p99\":%.4f}", name, l->n, p50, p99);
}

static void arguments(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (!value) continue;
    *value++ = 0;
    if (!strcmp(argv[i], "port")) port = atoi(value);
    else if (!strcmp(argv[i], "conc")) conc = atoi(value);
    else if (!strcmp(argv[i], "total")) total = atol(value);
    else if (!strcmp(argv[i], "rate")) rate = atof(value);
    else if (!strcmp(argv[i], "paced")) paced = atoi(value);
    else if (!strcmp(argv[i], "limit")) limit_s = atof(value);
    else if (!strcmp(argv[i], "sessions")) sessions = atol(value);
    else if (!strcmp(argv[i], "request")) {
      FILE *f = fopen(value, "r");
      if (!f) { perror(value); exit(1); }
      request = calloc(1, 32 << 20);
      request_len = fread(request, 1, (32 << 20) - 1, f);
      session_at = memmem(request, request_len < 4096 ? request_len : 4096, SESSION, strlen(SESSION));
      fclose(f);
    }
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  arguments(argc, argv);
  poll_fd = epoll_create1(0);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, events[512];
  unsigned long long from = now_ns();
  offset = from / 1000 % 1000000007;
  if (rate > 0) { epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &e); by_the_clock(timer, from); }
  else for (int i = 0; i < conc && started < total; i++) {
    struct conn *c = calloc(1, sizeof *c);
    c->fd = -1;
    begin(c, now_ns());
  }
  while (finished < total && now_ns() - from < limit_s * 1e9) {
    int n = epoll_wait(poll_fd, events, 512, 1000);
    for (int i = 0; i < n; i++) {
      struct conn *c = events[i].data.ptr;
      if (!c) by_the_clock(timer, from);
      else if (events[i].events & EPOLLOUT) writable(c);
      else readable(c);
    }
  }
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  double cpu = u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
  printf("{\"completed\":%zu,\"seconds\":%.3f,\"cpu_s\":%.3f,\"failed\":%ld", latency.n, (now_ns() - from) / 1e9, cpu, failed + total - finished);
  printf(",\"errors\":{\"refused\":%ld,\"cut\":%ld,\"status\":%ld,\"last_status\":%ld,\"unfinished\":%ld}", refused, cut, bad_status, last_status, total - finished);
  print("latency", &latency);
  print("first_byte", &first_byte);
  print("event_delay", &event_delay);
  puts("}");
}
