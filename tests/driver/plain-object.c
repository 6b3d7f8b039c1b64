/* SPDX-License-Identifier: Apache-2.0 */
/* An ordinary shared object, not a driver at all. */
__attribute__((visibility("default"))) int nothing_of_ours(void);

int nothing_of_ours(void)
{
    return 42;
}
