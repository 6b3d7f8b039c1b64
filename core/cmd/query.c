/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/query.h"

#include "base/log.h"

static void on_retry(void *arg, const char *sentence, int64_t delay_ms)
{
    (void)arg;
    log_warn("%s; trying again in %.1f s", sentence, (double)delay_ms / 1000);
}

static void on_warning(void *arg, const char *sentence)
{
    (void)arg;
    log_warn("%s", sentence);
}

static int open_and_run(struct query *q, enum endpoint_use use, const struct string_list *operands,
                        int (*body)(struct query *query, void *arg), void *arg)
{
    struct error err = ERROR_INIT;
    const struct endpoint_request request = {.text = operands->list.items[0],
                                             .use = use,
                                             .side = &q->side,
                                             .net = &q->net,
                                             .hooks = {on_retry, on_warning, NULL}};
    if (endpoint_open(&q->ctx, &request, &q->endpoint, &err) < 0)
        return command_fail(&err);
    int code = body(q, arg);
    endpoint_done(&q->endpoint);
    return code;
}

int query_run(const struct command *self, struct globals *globals, enum endpoint_use use,
              const struct option_group *extra, int argc, char **argv,
              int (*body)(struct query *query, void *arg), void *arg)
{
    struct query q = {.net = NET_OPTIONS_DEFAULTS};
    const struct option_group groups[] = {
        *extra,
        {"Registry", side_table, &q.side},
        {"Network", net_table, &q.net},
        globals_group(globals),
    };
    struct string_list operands = {0};
    struct error err = ERROR_INIT;
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 1, 1, &operands,
                      &code) == 0) {
        if (context_init(&q.ctx, globals, &err) < 0) {
            code = command_fail(&err);
        } else {
            code = open_and_run(&q, use, &operands, body, arg);
            context_done(&q.ctx);
        }
    }
    vec_done(&operands.list);
    vec_done(&q.side.driver_options.list);
    vec_done(&q.net.token_hosts.list);
    return code;
}

int query_wait(struct query *query, struct store_op *op)
{
    context_run(&query->ctx, &op->task);
    return op->task.result ? command_fail(&op->task.err) : 0;
}
