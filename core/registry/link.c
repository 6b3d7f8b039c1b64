/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/link.h"

#include "net/url.h"

#include <string.h>

/* The target of rel="next" in one Link header; free it; NULL: none. */
static char *next_in_link(const char *link)
{
    for (const char *open = link; (open = strchr(open, '<'));) {
        const char *close = strchr(open, '>');
        if (!close)
            return NULL;
        const char *end = strchr(close, '<');
        size_t len = end ? (size_t)(end - close) : strlen(close);
        _cleanup_free_ char *params = xstrndup(close, len);
        if (strcasestr(params, "rel=\"next\"") || strcasestr(params, "rel=next"))
            return xstrndup(open + 1, (size_t)(close - open - 1));
        open = close;
    }
    return NULL;
}

char *link_next(const struct request *request)
{
    const char *link = request_header(request, "link");
    _cleanup_free_ char *target = link ? next_in_link(link) : NULL;
    if (!target)
        return NULL;
    _cleanup_free_ char *asked = request->url[0] == '/'
                                     ? xasprintf("%s%s", request->registry->api, request->url)
                                     : xstrdup(request->url);
    _cleanup_free_ char *absolute = url_resolve(asked, target);
    struct url url;
    if (!absolute || url_parse(absolute, &url, NULL) < 0)
        return NULL;
    char *path = xasprintf("%s%s%s", url.path, url.query ? "?" : "", url.query ? url.query : "");
    url_done(&url);
    return path;
}
