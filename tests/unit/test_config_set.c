/* SPDX-License-Identifier: Apache-2.0 */
#include "config/set.h"

#include "base/str.h"
#include "config/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void show(const struct node *n, struct buf *out)
{
    if (n->kind == NODE_SCALAR) {
        buf_printf(out, n->is_plain ? "%s" : "\"%s\"", n->text);
        return;
    }
    buf_add_char(out, n->kind == NODE_MAP ? '{' : '[');
    for (size_t i = 0; i < n->items.len; i++) {
        const struct node *child = n->items.items[i];
        buf_printf(out, "%s%s%s", i ? ", " : "", child->key ? child->key : "",
                   child->key ? ": " : "");
        show(child, out);
    }
    buf_add_char(out, n->kind == NODE_MAP ? '}' : ']');
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *before, *set, *after;
    } rows[] = {
        {"", "a=b", "{a: b}"},
        {"a: b", "a=c", "{a: c}"},
        {"a: b", "a=", "{a: }"},
        {"a: b", "a==c=d", "{a: =c=d}"},
        {"", "a.b.c=d", "{a: {b: {c: d}}}"},
        {"a: {b: 1}", "a.c=2", "{a: {b: 1, c: 2}}"},
        {"a: ", "a.b=1", "{a: {b: 1}}"},
        {"a: [x, y]", "a[1]=z", "{a: [x, z]}"},
        {"a: [x, y]", "a.1=z", "{a: [x, z]}"},
        {"a: [x]", "a[1]=z", "{a: [x, z]}"},
        {"a: [x]", "a[1].b=z", "{a: [x, {b: z}]}"},
        {"", "a[0][0].b=z", "{a: [[{b: z}]]}"},
        {"", "a.0.b=z", "{a: [{b: z}]}"},
        {"a: {'0': x}", "a.0=z", "{a: {0: z}}"},
        {"", "a.\"b.c\".d=1", "{a: {b.c: {d: 1}}}"},
        {"", "a.'b=c'=1", "{a: {b=c: 1}}"},
        {"", "a.b\\.c=1", "{a: {b.c: 1}}"},
        {"", "a.x\"y.z\"w=1", "{a: {xy.zw: 1}}"},
        {"a: {b: 1}", "a=x", "{a: x}"},
        {"a: b", "a={c: [1, 'd']}", "{a: {c: [1, \"d\"]}}"},
        {"a: b", "a=[]", "{a: []}"},
        {"a: b", "a=\"x: y\"", "{a: \"x: y\"}"},
        {"a: b", "a='null'", "{a: \"null\"}"},
        {"a: b", "a=>=1.2, <2", "{a: >=1.2, <2}"},
        {"a: b", "a=*-dev", "{a: *-dev}"},
        {"a: b", "a=x: y # z", "{a: x: y # z}"},
        /* Copies of one anchor are apart. */
        {"a: &x {k: 1}\nb: *x", "b.k=2", "{a: {k: 1}, b: {k: 2}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_problems problems = {0};
        struct node *root = yaml_read(rows[i].before, strlen(rows[i].before), NULL, &problems);
        struct buf out = BUF_INIT(4096);
        if (!set_value(root, rows[i].set, "--set x", &problems))
            fail_msg("%s: %s", rows[i].set, problems.errors.items[0].text);
        show(root, &out);
        assert_string_equal(buf_str(&out), rows[i].after);
        buf_done(&out);
        node_free(root);
    }
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *before, *set, *part;
    } rows[] = {
        {"", "", "expected KEY=VALUE"},
        {"", "a", "expected KEY=VALUE"},
        {"", "=b", "expected KEY=VALUE"},
        {"", ".a=b", "expected KEY=VALUE"},
        {"", "a.=b", "expected KEY=VALUE"},
        {"", "a..b=c", "expected KEY=VALUE"},
        {"", "a[=b", "expected KEY=VALUE"},
        {"", "a[]=b", "expected KEY=VALUE"},
        {"", "a[x]=b", "expected KEY=VALUE"},
        {"", "a[0]b=c", "expected KEY=VALUE"},
        {"", "[0]=c", "expected KEY=VALUE"},
        {"", "\"a=b", "expected KEY=VALUE"},
        {"a: [x]", "a[2]=y", "a number from 0 to 1"},
        {"a: [x]", "a.b=y", "a number from 0 to 1"},
        {"a: [x]", "a[99999999999999999999]=y", "a number from 0 to 1"},
        {"a: {b: 1}", "a[0]=y", "a map, which has no numbered items"},
        {"a: text", "a.b=y", "a text, which holds nothing else"},
        {"", "a=[", "not YAML"},
        {"", "a=[x] y", "not YAML"},
        {"", "a={b: 1, b: 2}", "second time"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_problems problems = {0};
        struct node *root = yaml_read(rows[i].before, strlen(rows[i].before), NULL, &problems);
        set_value(root, rows[i].set, "--set LABEL", &problems);
        if (problems.errors.len != 1)
            fail_msg("%s: %zu problems", rows[i].set, problems.errors.len);
        const struct config_problem *p = &problems.errors.items[0];
        if (!strstr(p->text, rows[i].part))
            fail_msg("%s: %s", rows[i].set, p->text);
        char *text = config_problem_text(&problems, p);
        assert_true(str_has_prefix(text, "--set LABEL: "));
        free(text);
        node_free(root);
        config_problems_done(&problems);
    }
}

static void too_deep(void **state)
{
    (void)state;
    struct config_problems problems = {0};
    struct node *root = node_new(NODE_MAP, 1, 1);
    struct buf text = BUF_INIT(1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add_str(&text, "a.");
    buf_add_str(&text, "a=1");
    assert_false(set_value(root, buf_str(&text), "--set x", &problems));
    assert_int_equal(root->items.len, 0);
    buf_done(&text);
    node_free(root);
    config_problems_done(&problems);
}

static void labels_hide_values(void **state)
{
    (void)state;
    static const struct {
        const char *set, *label;
    } rows[] = {
        {"a.token=hunter2", "--set a.token"},
        {"a.\"b=c\"=hunter2", "--set a.\"b=c\""},
        {"hunter2", "--set "},
        {"\"hunter2", "--set "},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *label = set_label(rows[i].set);
        assert_string_equal(label, rows[i].label);
        free(label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(too_deep),
        cmocka_unit_test(labels_hide_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
