/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a helper program: no shell, its own process group, input and output bounded, with a time
 * limit after which the whole group is killed. Standard error passes through.
 */
#pragma once

#include "net/task.h"

struct exec_request {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH when it has no '/' */
    const char *input;       /* for its standard input; may be NULL */
    size_t input_len;
    size_t output_max;  /* more than this is a failure */
    int64_t timeout_ms; /* 0: 30 s */
};

/*
 * A task: when done with result 0, exec_status and exec_output hold the answer. Fails with
 * ERR_NOT_FOUND (no such program), ERR_TRANSIENT (time limit), ERR_TOO_LARGE, ERR_IO.
 */
struct exec_op;
struct exec_op *exec_start(struct loop *loop, struct task *parent,
                           const struct exec_request *request);
struct task *exec_task(struct exec_op *op);
int exec_status(const struct exec_op *op);                          /* exit status; 128 + signal */
const char *exec_output(const struct exec_op *op, size_t *ret_len); /* NUL-terminated */
