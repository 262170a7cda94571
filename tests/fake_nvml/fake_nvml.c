/*
 * A stand-in for libnvidia-ml.so.1, so that the real bindings run where there is no GPU. It measures nothing: what it says is scripted by
 * the environment, and its driver's version says "fake".
 *
 *   FAKE_NVML_GPUS=1                  GPUs in the machine
 *   FAKE_NVML_MILLIWATTS=350000       power; one number for all, or one for each GPU: 350000,200000
 *   FAKE_NVML_NAME="NVIDIA H100 ..."  name of every GPU
 *   FAKE_NVML_SWING=20                instant power swings by this percent about the above, once in two seconds; the counter follows it
 *   FAKE_NVML_DRIVER=missing|mismatch what nvmlInit meets
 *   FAKE_NVML_COUNTER=none|back|stuck no energy counter; one that falls by 5,000 J after FAKE_NVML_AFTER seconds; one that never moves
 *   FAKE_NVML_GAP=8                   the counter gains this percent more than the power says
 *   FAKE_NVML_FIELDS=none             a driver without instant and average power: only nvmlDeviceGetPowerUsage
 *   FAKE_NVML_POWER=none              a GPU that does not tell its power at all
 *   FAKE_NVML_MODULE=900000           a superchip: power of the module [mW]; the counter is the module's
 *   FAKE_NVML_MIG=1                   the GPUs are split into slices
 *   FAKE_NVML_SLOWED=8                bits of nvmlDeviceGetCurrentClocksEventReasons
 *   FAKE_NVML_LOST=1                  GPU 0 falls off the bus after FAKE_NVML_AFTER seconds
 *   FAKE_NVML_AFTER=1                 when what is to happen happens, in seconds from the first call
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, BAD_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_DRIVER = 9, LOST = 15, MISMATCH = 18 };
enum { AVERAGE = 185, INSTANT = 186 };
enum { SCOPE_MODULE = 1, UNSIGNED_INT = 1 };
enum { MOST_GPUS = 16 };
static const double BOOTED_S = 1e5; /* a counter has gained something before we look */
static const double SWING_S = 2.0;

typedef struct gpu *device;
typedef union { double d; int i; unsigned u; unsigned long ul; unsigned long long ull; long long ll; unsigned short us; } value;
typedef struct {
    unsigned field, scope;
    long long timestamp, latency_us;
    int type, status;
    value value;
} field_value;
typedef struct { unsigned long long total, free, used; } memory;

static char handles[MOST_GPUS];

static const char *say(const char *name) { const char *text = getenv(name); return text ? text : ""; }
static int is(const char *name, const char *text) { return strcmp(say(name), text) == 0; }
static double number(const char *name, double otherwise) { return *say(name) ? atof(say(name)) : otherwise; }
static unsigned gpus(void) { return (unsigned)number("FAKE_NVML_GPUS", 1); }
static unsigned index_of(device gpu) { return (unsigned)((char *)gpu - handles); }

static double seconds(void) {
    static double first = -1;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double at = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    if (first < 0) first = at;
    return at - first;
}

static int happened(void) { return seconds() >= number("FAKE_NVML_AFTER", 1); }
static int lost(device gpu) { return *say("FAKE_NVML_LOST") && index_of(gpu) == 0 && happened(); }

static double mean_mw(device gpu) {
    const char *text = getenv("FAKE_NVML_MILLIWATTS");
    if (!text) return 350000;
    for (unsigned skip = index_of(gpu); skip > 0; skip--) {
        const char *next = strchr(text, ',');
        if (!next) break;
        text = next + 1;
    }
    return atof(text);
}

static double turn(void) { return 2 * M_PI * seconds() / SWING_S; }
static double instant_mw(device gpu) { return mean_mw(gpu) * (1 + number("FAKE_NVML_SWING", 0) / 100 * cos(turn())); }

/* The integral of the instant power, to the millijoule. */
static double energy_mj(device gpu) {
    double swing_s = number("FAKE_NVML_SWING", 0) / 100 * sin(turn()) * SWING_S / (2 * M_PI);
    double gained = is("FAKE_NVML_COUNTER", "stuck") ? 0 : seconds() + swing_s;
    double mw = number("FAKE_NVML_MODULE", mean_mw(gpu));
    double fallen = is("FAKE_NVML_COUNTER", "back") && happened() ? 5e6 : 0;
    return mw * (BOOTED_S + gained * (1 + number("FAKE_NVML_GAP", 0) / 100)) - fallen;
}

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    seconds();
    if (is("FAKE_NVML_DRIVER", "missing")) return NO_DRIVER;
    return is("FAKE_NVML_DRIVER", "mismatch") ? MISMATCH : OK;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }

const char *nvmlErrorString(int status) {
    switch (status) {
    case NOT_SUPPORTED: return "Not Supported";
    case NO_DRIVER: return "Driver Not Loaded";
    case LOST: return "GPU is lost";
    case MISMATCH: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

int nvmlSystemGetDriverVersion(char *text, unsigned length) { snprintf(text, length, "000.00-fake"); return OK; }
int nvmlSystemGetNVMLVersion(char *text, unsigned length) { snprintf(text, length, "13.000.00-fake"); return OK; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 13000; return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = gpus(); return OK; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, device *gpu) {
    if (index >= gpus() || index >= MOST_GPUS) return BAD_ARGUMENT;
    *gpu = (device)&handles[index];
    return OK;
}
int nvmlDeviceGetName(device gpu, char *text, unsigned length) {
    (void)gpu;
    snprintf(text, length, "%s", getenv("FAKE_NVML_NAME") ? getenv("FAKE_NVML_NAME") : "FAKE-GPU");
    return OK;
}
int nvmlDeviceGetUUID(device gpu, char *text, unsigned length) {
    snprintf(text, length, "GPU-fa4e%04x-0000-0000-0000-000000000000", index_of(gpu));
    return OK;
}
int nvmlDeviceGetVbiosVersion(device gpu, char *text, unsigned length) { (void)gpu; snprintf(text, length, "00.00.00.fake"); return OK; }
int nvmlDeviceGetMemoryInfo(device gpu, memory *told) {
    (void)gpu;
    *told = (memory){80ULL << 30, 70ULL << 30, 10ULL << 30};
    return OK;
}
int nvmlDeviceGetPersistenceMode(device gpu, unsigned *on) { (void)gpu; *on = 1; return OK; }

int nvmlDeviceGetMigMode(device gpu, unsigned *now, unsigned *next) {
    (void)gpu;
    if (!getenv("FAKE_NVML_MIG")) return NOT_SUPPORTED;
    *now = *next = (unsigned)number("FAKE_NVML_MIG", 0);
    return OK;
}

int nvmlDeviceGetPowerUsage(device gpu, unsigned *mw) {
    if (lost(gpu)) return LOST;
    if (is("FAKE_NVML_POWER", "none")) return NOT_SUPPORTED;
    *mw = (unsigned)(is("FAKE_NVML_FIELDS", "none") ? instant_mw(gpu) : mean_mw(gpu));
    return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(device gpu, unsigned *mw) { (void)gpu; *mw = 700000; return OK; }
int nvmlDeviceGetPowerManagementDefaultLimit(device gpu, unsigned *mw) { (void)gpu; *mw = 700000; return OK; }

int nvmlDeviceGetTotalEnergyConsumption(device gpu, unsigned long long *mj) {
    if (lost(gpu)) return LOST;
    if (is("FAKE_NVML_COUNTER", "none")) return NOT_SUPPORTED;
    *mj = (unsigned long long)energy_mj(gpu);
    return OK;
}

static void answer(device gpu, field_value *asked) {
    int refused = is("FAKE_NVML_FIELDS", "none") || is("FAKE_NVML_POWER", "none");
    asked->type = UNSIGNED_INT;
    asked->status = refused ? NOT_SUPPORTED : OK;
    if (asked->scope == SCOPE_MODULE) {
        asked->status = getenv("FAKE_NVML_MODULE") && asked->field == INSTANT ? asked->status : NOT_SUPPORTED;
        asked->value.u = (unsigned)number("FAKE_NVML_MODULE", 0);
    } else if (asked->field == INSTANT) {
        asked->value.u = (unsigned)instant_mw(gpu);
    } else if (asked->field == AVERAGE) {
        asked->value.u = (unsigned)mean_mw(gpu);
    } else {
        asked->status = NOT_SUPPORTED;
    }
}
int nvmlDeviceGetFieldValues(device gpu, int count, field_value *asked) {
    if (lost(gpu)) return LOST;
    for (int each = 0; each < count; each++) answer(gpu, &asked[each]);
    return OK;
}

int nvmlDeviceGetTemperature(device gpu, unsigned sensor, unsigned *celsius) { (void)sensor; *celsius = 60 + index_of(gpu); return OK; }
int nvmlDeviceGetClockInfo(device gpu, unsigned which, unsigned *mhz) { (void)gpu; (void)which; *mhz = 1755; return OK; }
int nvmlDeviceGetMaxClockInfo(device gpu, unsigned which, unsigned *mhz) { (void)gpu; (void)which; *mhz = 1980; return OK; }
int nvmlDeviceGetCurrentClocksEventReasons(device gpu, unsigned long long *bits) {
    (void)gpu;
    *bits = (unsigned long long)number("FAKE_NVML_SLOWED", 0);
    return OK;
}
