/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer as the wire sees them.
 *
 * The answer's head is held back until it is complete, edited once, and released; from there on
 * bytes are body bytes and are counted. Where a body ends is never parsed: libmicrohttpd says
 * when it has written the last byte (`answered`), so every kind of framing works the same. */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util.h"

void wire_plan_init(struct wire_plan *plan)
{
    *plan = (struct wire_plan){.cut_after = -1, .stall_after = -1, .corrupt_at = -1};
}

/* Length of the head at the front of `out` with its empty line; 0 while incomplete. */
static size_t head_length(const struct buf *out)
{
    const char *end = out->len > 0 ? memmem(out->data, out->len, "\r\n\r\n", 4) : NULL;

    return end != NULL ? (size_t)(end - out->data) + 4 : 0;
}

static bool head_is_interim(const struct buf *out)
{
    return out->len > 9 && out->data[9] == '1';
}

/* Replaces the value of a header of the head, or removes its line if `value` is NULL. */
static void head_set(struct buf *out, size_t *head_len, const char *name, const char *value)
{
    size_t name_len = strlen(name);
    char *line = out->data;

    while ((line = memmem(line, *head_len - (size_t)(line - out->data), "\r\n", 2)) != NULL) {
        line += 2;
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':')
            break;
    }
    if (line == NULL)
        return;
    size_t at = (size_t)(line - out->data);
    size_t old_len = (size_t)(strstr(line, "\r\n") - line) + 2;
    CLEANUP(freep) char *text = value != NULL ? xasprintf("%s: %s\r\n", name, value) : xstrdup("");
    buf_replace(out, at, old_len, text);
    *head_len = *head_len - old_len + strlen(text);
}

static void head_add(struct buf *out, size_t *head_len, const char *line)
{
    buf_replace(out, *head_len - 2, 0, line);
    *head_len += strlen(line);
}

static void lie_about_length(const struct wire_plan *plan, struct buf *out, size_t *head_len)
{
    static const char name[] = "\r\nContent-Length:";
    const char *line = strcasestr(out->data, name);
    uint64_t length = 0;

    if (line == NULL || line > out->data + *head_len)
        return;
    scan_u64(line + strlen(name) + strspn(line + strlen(name), " "), &length);
    CLEANUP(freep) char *lie = xasprintf("%" PRId64, (int64_t)length + plan->lie_content_length);
    head_set(out, head_len, "Content-Length", lie);
}

static void edit_head(struct exchange *exchange, struct buf *out, size_t head_len)
{
    const struct wire_plan *plan = &exchange->plan;

    if (plan->raw != NULL) {
        buf_consume(out, out->len);
        buf_puts(out, plan->raw);
        exchange->head_left = 0;
        return;
    }
    if (plan->lie_content_length != 0)
        lie_about_length(plan, out, &head_len);
    if (plan->strip_content_length) {
        head_set(out, &head_len, "Content-Length", NULL);
        head_set(out, &head_len, "Connection", NULL);
        head_add(out, &head_len, "Connection: close\r\n");
    }
    exchange->head_left = head_len;
}

/* Flips one byte in place, once, when it has come into the buffer. */
static void corrupt(struct exchange *exchange, struct buf *out)
{
    int64_t offset = exchange->plan.corrupt_at - exchange->body_sent;

    if (exchange->corrupted || exchange->plan.corrupt_at < 0 || offset < 0)
        return;
    size_t at = exchange->head_left + (size_t)offset;
    if (at < out->len) {
        out->data[at] = (char)~out->data[at];
        exchange->corrupted = true;
    }
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How many body bytes the plan lets go now. */
static int64_t body_allowance(struct exchange *exchange, uint64_t now)
{
    const struct wire_plan *plan = &exchange->plan;
    int64_t allowed = INT64_MAX;

    if (plan->cut_after >= 0)
        allowed = lesser(allowed, plan->cut_after - exchange->body_sent);
    if (plan->stall_after >= 0)
        allowed = lesser(allowed, plan->stall_after - exchange->body_sent);
    if (plan->drip_bytes > 0) {
        if (exchange->drip_left == 0) {
            exchange->drip_left = plan->drip_bytes;
            exchange->not_before = now + (uint64_t)plan->drip_ms;
            return 0;
        }
        allowed = lesser(allowed, exchange->drip_left);
    }
    return allowed;
}

/* Finds the head of the answer; interim answers (100 Continue) pass through untouched. */
static size_t allow_head(struct exchange *exchange, struct buf *out, uint64_t now)
{
    size_t head_len = head_length(out);

    if (head_len == 0 || head_is_interim(out))
        return head_len;
    exchange->head_seen = true;
    if (exchange->plan.hang || exchange->plan.lose_answer)
        return 0;
    edit_head(exchange, out, head_len);
    exchange->drip_left = exchange->plan.drip_bytes;
    exchange->not_before = now + (uint64_t)exchange->plan.delay_ms;
    return exchange_allow(exchange, out, now);
}

size_t exchange_allow(struct exchange *exchange, struct buf *out, uint64_t now)
{
    if (!exchange->head_seen)
        return allow_head(exchange, out, now);
    if (exchange->plan.hang || exchange->plan.lose_answer || now < exchange->not_before)
        return 0;
    corrupt(exchange, out);
    int64_t in_buffer = (int64_t)(out->len - exchange->head_left);
    if (in_buffer == 0 && exchange->head_left == 0)
        return 0;
    return exchange->head_left + (size_t)lesser(in_buffer, body_allowance(exchange, now));
}

void exchange_sent(struct exchange *exchange, size_t count)
{
    if (!exchange->head_seen)
        return;
    size_t of_head = count < exchange->head_left ? count : exchange->head_left;
    int64_t of_body = (int64_t)(count - of_head);

    exchange->head_left -= of_head;
    exchange->body_sent += of_body;
    if (exchange->plan.drip_bytes > 0)
        exchange->drip_left -= of_body;
}

static enum exchange_verdict end_with(struct exchange *exchange, enum exchange_end end,
                                      enum exchange_verdict verdict)
{
    exchange->end = end;
    return verdict;
}

/* Whether the framing which the client was promised no longer fits what was sent. */
static bool framing_is_broken(const struct wire_plan *plan)
{
    return plan->strip_content_length || plan->lie_content_length != 0;
}

enum exchange_verdict exchange_verdict(struct exchange *exchange, const struct buf *out)
{
    const struct wire_plan *plan = &exchange->plan;
    bool all_sent = exchange->answered && out->len == 0;

    if (!exchange->head_seen)
        return all_sent ? end_with(exchange, EXCHANGE_SERVER_CLOSED, VERDICT_CLOSE) : VERDICT_GO_ON;
    if (plan->hang)
        return VERDICT_GO_ON;
    if (plan->lose_answer)
        return end_with(exchange, EXCHANGE_LOST, VERDICT_CLOSE);
    if (plan->raw != NULL)
        return out->len == 0 ? end_with(exchange, EXCHANGE_RAW, VERDICT_CLOSE) : VERDICT_GO_ON;
    if (exchange->head_left == 0 && plan->cut_after >= 0 && exchange->body_sent >= plan->cut_after)
        return end_with(exchange, EXCHANGE_CUT, VERDICT_CLOSE);
    if (!all_sent || exchange->head_left > 0)
        return VERDICT_GO_ON;
    return end_with(exchange, EXCHANGE_COMPLETE,
                    framing_is_broken(plan) ? VERDICT_CLOSE : VERDICT_FINISHED);
}

bool exchange_is_stuck(const struct exchange *exchange)
{
    const struct wire_plan *plan = &exchange->plan;

    if (!exchange->head_seen)
        return false;
    return plan->hang || (plan->stall_after >= 0 && exchange->body_sent >= plan->stall_after);
}

uint64_t exchange_deadline(const struct exchange *exchange, const struct buf *out)
{
    if (!exchange->head_seen || out->len == 0 || exchange->plan.hang)
        return UINT64_MAX;
    return exchange->not_before > 0 ? exchange->not_before : UINT64_MAX;
}

const char *exchange_end_name(enum exchange_end end)
{
    static const char *const names[] = {
        [EXCHANGE_OPEN] = "open",
        [EXCHANGE_COMPLETE] = "complete",
        [EXCHANGE_CUT] = "cut",
        [EXCHANGE_LOST] = "lost",
        [EXCHANGE_RAW] = "raw",
        [EXCHANGE_SERVER_CLOSED] = "server_closed",
        [EXCHANGE_CLIENT_CLOSED] = "client_closed",
    };

    return names[end];
}
