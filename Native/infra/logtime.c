/* Times as text. No time zone data and no allocation: logs are written in UTC. */
#include "infra.h"

struct civil {
    int64_t year;
    unsigned month, day, hour, minute, second;
};

static void digits(char *text, uint64_t value, int count) {
    for (int index = count - 1; index >= 0; index--) {
        text[index] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Days to date in the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March. */
static struct civil civil_from_seconds(int64_t seconds) {
    int64_t days = seconds / 86400;
    int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    struct civil civil = {
        .day = day_of_year - (153 * shifted_month + 2) / 5 + 1,
        .month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9,
        .hour = (unsigned)(rest / 3600),
        .minute = (unsigned)(rest / 60 % 60),
        .second = (unsigned)(rest % 60),
    };
    civil.year = (int64_t)year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
    return civil;
}

size_t pintle_log_timestamp(char *text, int64_t nanoseconds) {
    static int64_t cached_second = -1;
    static char cached[20];
    int64_t second = nanoseconds / 1000000000;
    if (second != cached_second) {
        struct civil civil = civil_from_seconds(second);
        digits(cached, (uint64_t)civil.year, 4);
        cached[4] = '-';
        digits(cached + 5, civil.month, 2);
        cached[7] = '-';
        digits(cached + 8, civil.day, 2);
        cached[10] = 'T';
        digits(cached + 11, civil.hour, 2);
        cached[13] = ':';
        digits(cached + 14, civil.minute, 2);
        cached[16] = ':';
        digits(cached + 17, civil.second, 2);
        cached[19] = '.';
        cached_second = second;
    }
    for (int index = 0; index < 20; index++)
        text[index] = cached[index];
    digits(text + 20, (uint64_t)(nanoseconds % 1000000000), 9);
    text[29] = 'Z';
    return 30;
}

void pintle_log_suffix(char *text, int64_t nanoseconds) {
    struct civil civil = civil_from_seconds(nanoseconds / 1000000000);
    digits(text, (uint64_t)civil.year, 4);
    digits(text + 4, civil.month, 2);
    digits(text + 6, civil.day, 2);
    text[8] = '-';
    digits(text + 9, civil.hour, 2);
    digits(text + 11, civil.minute, 2);
    digits(text + 13, civil.second, 2);
    text[15] = 0;
}

static int64_t number(const char *text, int count) {
    int64_t value = 0;
    for (int index = 0; index < count; index++)
        value = value * 10 + (text[index] - '0');
    return value;
}

int64_t pintle_log_suffix_seconds(const char *text) {
    int64_t year = number(text, 4), month = number(text + 4, 2), day = number(text + 6, 2);
    /* The inverse of civil_from_seconds. */
    year -= month <= 2 ? 1 : 0;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * 146097 + day_of_era - 719468;
    return days * 86400 + number(text + 9, 2) * 3600 + number(text + 11, 2) * 60 +
           number(text + 13, 2);
}
