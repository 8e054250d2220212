// libcurl's functions, loaded when the first image is pulled: with its thirty libraries it costs 6
// MB resident, 1.2 MB of it private, and 3.3 ms at start, which nodes that pull nothing need not
// pay.
#ifndef PINTLE_IMAGES_CURL_H
#define PINTLE_IMAGES_CURL_H

#include <curl/curl.h>

/// The functions in use, spelled as libcurl declares them.
typedef struct pintle_curl {
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *);
    void (*easy_reset)(CURL *);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    const char *(*easy_strerror)(CURLcode);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *);
    CURLMcode (*multi_add_handle)(CURLM *, CURL *);
    CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
    CURLMcode (*multi_perform)(CURLM *, int *);
    CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd[], unsigned int, int, int *);
    CURLMsg *(*multi_info_read)(CURLM *, int *);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
} pintle_curl;

/// The functions, or null when the library or one of them is missing. Any thread; the first call
/// blocks.
const pintle_curl *pintle_curl_load(void);

#endif
