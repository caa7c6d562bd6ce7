/* Moves the clock of the programs it is loaded into (LD_PRELOAD): CLOCK_OFF seconds off from the start, and
   CLOCK_JUMP more once 6 seconds have passed.  Clocks that only count, CLOCK_MONOTONIC and the like, are left. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static const time_t JUMP_AFTER = 6;

static int real_gettime(clockid_t id, struct timespec *at) {
    static int (*call)(clockid_t, struct timespec *);
    if (!call) call = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return call(id, at);
}

static time_t off(void) {
    static time_t first;
    struct timespec now;
    const char *moved = getenv("CLOCK_OFF"), *jump = getenv("CLOCK_JUMP");
    time_t total = moved ? (time_t)atoll(moved) : 0;
    real_gettime(CLOCK_MONOTONIC, &now);
    if (!first) first = now.tv_sec;
    if (jump && now.tv_sec - first >= JUMP_AFTER) total += (time_t)atoll(jump);
    return total;
}

int clock_gettime(clockid_t id, struct timespec *at) {
    int told = real_gettime(id, at);
    if (!told && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) at->tv_sec += off();
    return told;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
