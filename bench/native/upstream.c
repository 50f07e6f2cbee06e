// An upstream that costs next to nothing. `upstream PORT JSON_FILE SSE_FILE`: the answers are made beforehand by
// answers.mjs; only the response id (ID_MARK, 40 digits) and the time of a paced event (AT_MARK, 20 digits) are filled in.
// A marker near the start of the request body says which answer: b-mode:json, b-mode:delay:MS, b-mode:burst,
// b-mode:paced:MS:EVENTS (one event each MS milliseconds, each written by itself).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define ID_MARK "resp_0000000000"
#define AT_MARK "\"@0000000000"
#define SLOTS 65536 /* of the timing wheel, a millisecond each */
#define EVENT_MAX 4096
#define HEAD_SSE                                                                              \
  "HTTP/1.1 200 OK\r\nopenai-organization: org-bench\r\nx-request-id: req_bench\r\n"          \
  "x-ratelimit-remaining-requests: 9999\r\nx-ratelimit-remaining-tokens: 1999000\r\n"         \
  "content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
#define HEAD_JSON                                                                             \
  "HTTP/1.1 200 OK\r\nopenai-organization: org-bench\r\nx-request-id: req_bench\r\n"          \
  "x-ratelimit-remaining-requests: 9999\r\nx-ratelimit-remaining-tokens: 1999000\r\n"         \
  "content-type: application/json\r\ncontent-length: %zu\r\n\r\n"

struct conn {
  int fd, in_body, chunked, interval, left, armed;
  unsigned slot;
  size_t body_left, head_len, seen_len, out_len, out_off;
  char head[16384], seen[4096], tail[5], *out;
  struct conn *next, *prev;
};
struct text { char *bytes; size_t len; };

static int poll_fd, timers;
static struct conn *wheel[SLOTS];
static struct text json, burst, opening, delta, closing;
static unsigned long counter;
static char scratch[1 << 20], input[1 << 18];

static unsigned long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void arm(struct conn *c, unsigned slot) {
  c->slot = slot % SLOTS;
  c->prev = NULL;
  c->next = wheel[c->slot];
  if (c->next) c->next->prev = c;
  wheel[c->slot] = c;
  c->armed = 1;
  timers++;
}

static void disarm(struct conn *c) {
  if (!c->armed) return;
  if (c->prev) c->prev->next = c->next; else wheel[c->slot] = c->next;
  if (c->next) c->next->prev = c->prev;
  c->armed = 0;
  timers--;
}

static void end(struct conn *c) {
  disarm(c);
  close(c->fd);
  free(c->out);
  free(c);
}

static void watch(struct conn *c, int writing) {
  struct epoll_event e = { .events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c };
  epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/** What the socket does not take now is kept; an error shows at the next read. */
static void send_all(struct conn *c, const char *bytes, size_t len) {
  size_t done = 0;
  if (c->out == NULL) {
    ssize_t n = write(c->fd, bytes, len);
    if (n > 0) done = n;
    if (done == len) return;
  }
  size_t kept = c->out_len - c->out_off;
  char *out = malloc(kept + len - done);
  if (kept) memcpy(out, c->out + c->out_off, kept);
  memcpy(out + kept, bytes + done, len - done);
  free(c->out);
  c->out = out;
  c->out_off = 0;
  c->out_len = kept + len - done;
  watch(c, 1);
}

static void flush(struct conn *c) {
  ssize_t n = write(c->fd, c->out + c->out_off, c->out_len - c->out_off);
  if (n > 0) c->out_off += n;
  if (c->out_off < c->out_len) return;
  free(c->out);
  c->out = NULL;
  c->out_len = c->out_off = 0;
  watch(c, 0);
}

static void fill(char *from, size_t len, const char *mark, int skip, int digits, unsigned long long value) {
  char text[64];
  snprintf(text, sizeof text, "%0*llu", digits, value);
  char *at = memmem(from, len, mark, strlen(mark));
  if (at) memcpy(at + skip, text, digits);
}

static void send_text(struct conn *c, struct text t, const char *head) {
  size_t n = head ? strlen(head) : 0;
  if (n) memcpy(scratch, head, n);
  memcpy(scratch + n, t.bytes, t.len);
  fill(scratch + n, t.len, ID_MARK, 5, 40, counter);
  send_all(c, scratch, n + t.len);
}

static void send_json(struct conn *c) {
  char head[512];
  snprintf(head, sizeof head, HEAD_JSON, json.len);
  counter++;
  send_text(c, json, head);
}

static void on_timer(struct conn *c, unsigned now) {
  disarm(c);
  if (c->left == 0) { send_json(c); return; }
  if (--c->left == 0) { counter++; send_text(c, closing, NULL); return; }
  memcpy(scratch, delta.bytes, delta.len);
  fill(scratch, delta.len, AT_MARK, 2, 20, now_ns());
  send_all(c, scratch, delta.len);
  arm(c, now + c->interval);
}

static void answer(struct conn *c) {
  c->in_body = 0;
  c->head_len = 0;
  c->left = 0;
  char *at = memmem(c->seen, c->seen_len, "b-mode:", 7);
  char mode[64] = "json";
  if (at) {
    size_t n = c->seen + c->seen_len - at - 7;
    memcpy(mode, at + 7, n > 63 ? 63 : n);
    mode[63] = 0;
  }
  c->seen_len = 0;
  unsigned now = now_ns() / 1000000;
  int ms = 0, events = 0;
  if (sscanf(mode, "paced:%d:%d", &ms, &events) == 2) {
    send_text(c, opening, HEAD_SSE);
    c->interval = ms;
    c->left = events - 1;
    arm(c, now + ms);
  } else if (sscanf(mode, "delay:%d", &ms) == 1) {
    arm(c, now + ms);
  } else if (strncmp(mode, "burst", 5) == 0) {
    counter++;
    send_text(c, burst, HEAD_SSE);
  } else {
    send_json(c);
  }
}

static void body(struct conn *c, const char *bytes, size_t n) {
  size_t room = sizeof c->seen - c->seen_len, part = n < room ? n : room;
  memcpy(c->seen + c->seen_len, bytes, part);
  c->seen_len += part;
  if (!c->chunked) {
    c->body_left -= n < c->body_left ? n : c->body_left;
    if (c->body_left == 0) answer(c);
    return;
  }
  for (size_t i = n > 5 ? n - 5 : 0; i < n; i++) {
    memmove(c->tail, c->tail + 1, 4);
    c->tail[4] = bytes[i];
  }
  if (memcmp(c->tail, "0\r\n\r\n", 5) == 0) answer(c);
}

static void received(struct conn *c, const char *bytes, size_t n) {
  if (c->in_body) { body(c, bytes, n); return; }
  size_t room = sizeof c->head - 1 - c->head_len, part = n < room ? n : room;
  memcpy(c->head + c->head_len, bytes, part);
  c->head[c->head_len + part] = 0;
  char *stop = strstr(c->head, "\r\n\r\n");
  if (!stop) { c->head_len += part; return; }
  size_t used = stop + 4 - c->head - c->head_len;
  *stop = 0;
  char *length = strcasestr(c->head, "\r\ncontent-length:");
  c->chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != NULL;
  c->body_left = length ? strtoul(length + 17, NULL, 10) : 0;
  c->in_body = 1;
  memset(c->tail, 0, 5);
  if (c->chunked || c->body_left) { if (n > used) body(c, bytes + used, n - used); }
  else answer(c);
}

static void readable(struct conn *c) {
  ssize_t n = read(c->fd, input, sizeof input);
  if (n > 0) received(c, input, n);
  else if (n == 0 || errno != EAGAIN) end(c);
}

static struct text chunk(const char *from, size_t len) {
  struct text t = { malloc(len + 32), 0 };
  t.len = sprintf(t.bytes, "%zx\r\n", len);
  memcpy(t.bytes + t.len, from, len);
  memcpy(t.bytes + t.len + len, "\r\n", 2);
  t.len += len + 2;
  return t;
}

static struct text file(const char *path) {
  FILE *f = fopen(path, "r");
  if (!f) { perror(path); exit(1); }
  struct text t = { malloc(1 << 20), 0 };
  t.len = fread(t.bytes, 1, (1 << 20) - 1, f);
  t.bytes[t.len] = 0;
  fclose(f);
  return t;
}

/** Each event of the file becomes a chunk of its own; the first, the second and the last are those of paced streams. */
static void read_answers(const char *json_path, const char *sse_path) {
  json = file(json_path);
  struct text sse = file(sse_path);
  burst.bytes = malloc(2 << 20);
  int n = 0;
  for (char *at = sse.bytes; *at; n++) {
    char *stop = strstr(at, "\n\n");
    struct text c = chunk(at, stop + 2 - at);
    memcpy(burst.bytes + burst.len, c.bytes, c.len);
    burst.len += c.len;
    if (n == 0) opening = c;
    if (n == 1) delta = c;
    closing = c;
    at = stop + 2;
  }
  for (struct text *t = &burst;; t = &closing) {
    t->bytes = realloc(t->bytes, t->len + 5);
    memcpy(t->bytes + t->len, "0\r\n\r\n", 5);
    t->len += 5;
    if (t == &closing) break;
  }
}

static int listening(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4096)) { perror("listen"); exit(1); }
  return fd;
}

static void accept_all(int fd) {
  int one = 1, got;
  while ((got = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct conn *c = calloc(1, sizeof *c);
    c->fd = got;
    setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, got, &e);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) { fprintf(stderr, "upstream PORT JSON_FILE SSE_FILE\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  read_answers(argv[2], argv[3]);
  poll_fd = epoll_create1(0);
  int server = listening(atoi(argv[1]));
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, events[512];
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, server, &e);
  for (unsigned last = now_ns() / 1000000;;) {
    int n = epoll_wait(poll_fd, events, 512, timers ? 1 : -1);
    for (int i = 0; i < n; i++) {
      struct conn *c = events[i].data.ptr;
      if (!c) { accept_all(server); continue; }
      if (events[i].events & EPOLLOUT && c->out) flush(c);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
    }
    unsigned now = now_ns() / 1000000;
    if (!timers) { last = now; continue; }
    while (last != now) {
      last++;
      for (struct conn *c = wheel[last % SLOTS], *next; c; c = next) { next = c->next; on_timer(c, last); }
    }
  }
}
