/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* The tree in one line, each value with its place: {a@1:1: "x"@1:4}. Plain texts have no quotes. */
static void show(const struct node *n, struct buf *out)
{
    buf_add_str(out, n->kind == NODE_MAP ? "{" : n->kind == NODE_LIST ? "[" : "");
    for (size_t i = 0; i < n->items.len; i++) {
        const struct node *child = n->items.items[i];
        buf_add_str(out, i ? ", " : "");
        if (child->key)
            buf_printf(out, "%s@%zu:%zu: ", child->key, child->key_line, child->key_column);
        show(child, out);
    }
    if (n->kind == NODE_SCALAR)
        buf_printf(out, n->is_plain ? "%s" : "\"%s\"", n->text);
    else
        buf_add_str(out, n->kind == NODE_MAP ? "}" : "]");
    buf_printf(out, "@%zu:%zu", n->line, n->column);
}

static void trees(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"", "{}@1:1"},
        {"# only words\n", "{}@1:1"},
        {"a: b", "{a@1:1: b@1:4}@1:1"},
        {"a: 'b'\n", "{a@1:1: \"b\"@1:4}@1:1"},
        {"a:\n  - b\n  - c: 1.10\n", "{a@1:1: [b@2:5, {c@3:5: 1.10@3:8}@3:5]@2:3}@1:1"},
        {"{a: [b, c], d: ~}", "{a@1:2: [b@1:6, c@1:9]@1:5, d@1:13: ~@1:16}@1:1"},
        {"\xc3\xa4: \xc3\xb6 # \xc3\xbc", "{\xc3\xa4@1:1: \xc3\xb6@1:4}@1:1"},
        {"a: !!str 7", "{a@1:1: \"7\"@1:4}@1:1"},
        {"a: |\n  x\n  y\n", "{a@1:1: \"x\ny\n\"@1:4}@1:1"},
        /* The alias has its own place, what is in it that of the anchor. */
        {"a: &x [1]\nbb: *x", "{a@1:1: [1@1:8]@1:4, bb@2:1: [1@1:8]@2:5}@1:1"},
        {"a: &x 1\nb: &x 2\nc: *x", "{a@1:1: 1@1:4, b@2:1: 2@2:4, c@3:1: 2@3:4}@1:1"},
        /* Merging: own keys first, then the first of the merged maps. */
        {"a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3",
         "{a@1:1: {k@1:8: 1@1:11, l@1:14: 2@1:17}@1:4, b@2:1: {k@4:3: 3@4:6, l@1:14: 2@1:17}@3:3}"
         "@1:1"},
        {"{<<: [{a: 1}, {a: 2, b: 3}]}", "{a@1:8: 1@1:11, b@1:22: 3@1:25}@1:1"},
        {"{<<: {<<: {a: 1}, b: 2}}", "{b@1:19: 2@1:22, a@1:12: 1@1:15}@1:1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_problems problems = {0};
        struct node *tree = yaml_read(rows[i].text, strlen(rows[i].text), NULL, &problems);
        struct buf out = BUF_INIT(4096);
        assert_int_equal(problems.errors.len, 0);
        show(tree, &out);
        assert_string_equal(buf_str(&out), rows[i].tree);
        buf_done(&out);
        node_free(tree);
    }
}

/* What is said, and where, and whether there is a tree all the same. */
static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line, column;
        const char *part;
        bool readable;
    } rows[] = {
        {"a: [", 2, 1, "not YAML", false},
        {"a: 1\n b: 2", 2, 3, "not YAML", false},
        {"a: \"\\0\"", 1, 4, "can't hold", false},
        {"a: b\xff", 1, 5, "UTF-8", false},
        {"x: y\na: \x02", 2, 4, "UTF-8", false},
        {"a: *b", 1, 4, "no anchor &b", false},
        {"a: &b [*b]", 1, 8, "no anchor &b", false},
        {"? [a]\n: b", 1, 3, "key must be a text", false},
        {"a: !x 1", 1, 4, "leave the word with ! out", false},
        {"a: !!binary AAAA", 1, 4, "leave the word with ! out", false},
        {"a: 1\n---\nb: 2", 2, 1, "second document", false},
        {"a: 1\nb: 2\na: 3", 3, 1, "second time", true},
        {"<<: 1", 1, 5, "takes a map", true},
        {"<<: [{}, 1]", 1, 5, "takes a map", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_problems problems = {0};
        struct node *tree = yaml_read(rows[i].text, strlen(rows[i].text), NULL, &problems);
        assert_int_equal(problems.errors.len, 1);
        const struct config_problem *p = &problems.errors.items[0];
        if (!strstr(p->text, rows[i].part))
            fail_msg("%s: %s", rows[i].text, p->text);
        if (p->line != rows[i].line || p->column != rows[i].column)
            fail_msg("%s: at %zu:%zu", rows[i].text, p->line, p->column);
        assert_int_equal(tree != NULL, rows[i].readable);
        node_free(tree);
        config_problems_done(&problems);
    }
}

/* Of a text of any cunning: refused, with one problem that says why. */
static void assert_bounded(const char *text, size_t len, const char *part)
{
    struct config_problems problems = {0};
    struct node *tree = yaml_read(text, len, NULL, &problems);
    assert_null(tree);
    assert_int_equal(problems.errors.len, 1);
    assert_non_null(strstr(problems.errors.items[0].text, part));
    config_problems_done(&problems);
}

static char *repeated(const char *before, char c, size_t n)
{
    size_t len = strlen(before);
    char *text = xmalloc(len + n + 1);
    memcpy(text, before, len);
    memset(text + len, c, n);
    text[len + n] = '\0';
    return text;
}

static void bounds(void **state)
{
    (void)state;
    char *deep = repeated("a: ", '[', 1000);
    assert_bounded(deep, strlen(deep), "64 levels");
    free(deep);
    char *large = repeated("a: ", 'x', YAML_BYTES_MAX);
    assert_bounded(large, strlen(large), "4 MiB");
    free(large);

    struct buf bomb = BUF_INIT(1 << 20);
    buf_add_str(&bomb, "a0: &a0 [[], [], [], [], [], [], [], [], [], []]\n");
    for (int i = 1; i < 10; i++)
        buf_printf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1);
    assert_bounded(buf_str(&bomb), bomb.len, "100000 values");
    buf_done(&bomb);

    /* Few nodes, but much text. */
    char *text = repeated("a: &a ", 'x', 1 << 20);
    struct buf wide = BUF_INIT(2 << 20);
    buf_printf(&wide, "%s\nb: [*a", text);
    for (int i = 0; i < 40; i++)
        buf_add_str(&wide, ", *a");
    buf_add_str(&wide, "]\n");
    assert_bounded(buf_str(&wide), wide.len, "16 MiB");
    buf_done(&wide);
    free(text);
}

static void nothing_stands_for_null(void **state)
{
    (void)state;
    static const char text[] = "a:\nb: ~\nc: null\nd: ''\ne: \"~\"\nf: nil\ng: !!str null\n";
    static const bool null[] = {true, true, true, false, false, false, false};
    struct config_problems problems = {0};
    struct node *tree = yaml_read(text, strlen(text), NULL, &problems);
    assert_int_equal(tree->items.len, ARRAY_LEN(null));
    for (size_t i = 0; i < ARRAY_LEN(null); i++)
        assert_int_equal(node_is_null(tree->items.items[i]), null[i]);
    assert_true(node_is_null(node_get(tree, "z")));
    node_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(bounds),
        cmocka_unit_test(nothing_stands_for_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
