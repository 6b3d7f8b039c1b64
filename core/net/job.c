/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, two lists: jobs to do and jobs done. The lock guards the lists and the states; the
 * thread holds it only to move a job. This is the only file with threads in it.
 */
#include "net/job.h"

#include "net/loop_private.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct job_list {
    struct job *first, *last;
};

struct jobs {
    struct loop *loop;
    pthread_t thread;
    bool started, stop;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a job was queued or has ended, or stop was set */
    struct job_list todo, ended;
};

static void list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static struct job *list_take(struct job_list *list)
{
    struct job *job = list->first;
    if (job) {
        list->first = job->next;
        if (!list->first)
            list->last = NULL;
    }
    return job;
}

static void list_remove(struct job_list *list, struct job *job)
{
    struct job_list rest = {0};
    for (struct job *j; (j = list_take(list));) {
        if (j != job)
            list_add(&rest, j);
    }
    *list = rest;
}

struct jobs *jobs_new(struct loop *loop)
{
    struct jobs *jobs = xcalloc(1, sizeof(*jobs));
    jobs->loop = loop;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, NULL);
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs->started) {
        pthread_mutex_lock(&jobs->lock);
        jobs->stop = true;
        pthread_cond_broadcast(&jobs->changed);
        pthread_mutex_unlock(&jobs->lock);
        pthread_join(jobs->thread, NULL);
    }
    pthread_mutex_destroy(&jobs->lock);
    pthread_cond_destroy(&jobs->changed);
    free(jobs);
}

static void work_off(struct jobs *jobs, struct job *job)
{
    job->state = JOB_RUNNING;
    pthread_mutex_unlock(&jobs->lock);
    job->work(job);
    pthread_mutex_lock(&jobs->lock);
    job->state = JOB_FINISHED;
    list_add(&jobs->ended, job);
    pthread_cond_broadcast(&jobs->changed);
    loop_wakeup(jobs->loop);
}

static void *thread_main(void *arg)
{
    struct jobs *jobs = arg;
    pthread_mutex_lock(&jobs->lock);
    while (!jobs->stop) {
        struct job *job = list_take(&jobs->todo);
        if (job)
            work_off(jobs, job);
        else
            pthread_cond_wait(&jobs->changed, &jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* Signals belong to the loop: the thread starts with all of them blocked. */
static void start_thread(struct jobs *jobs)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    jobs->started = pthread_create(&jobs->thread, NULL, thread_main, jobs) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void job_submit(struct loop *loop, struct job *job)
{
    struct jobs *jobs = loop_jobs(loop);
    if (!jobs->started)
        start_thread(jobs);
    pthread_mutex_lock(&jobs->lock);
    if (jobs->started) {
        job->state = JOB_QUEUED;
        list_add(&jobs->todo, job);
        pthread_cond_broadcast(&jobs->changed);
    } else {
        work_off(jobs, job); /* no thread to be had: slower, but right */
    }
    pthread_mutex_unlock(&jobs->lock);
}

void job_cancel(struct loop *loop, struct job *job)
{
    struct jobs *jobs = loop_jobs(loop);
    pthread_mutex_lock(&jobs->lock);
    if (job->state == JOB_QUEUED)
        list_remove(&jobs->todo, job);
    while (job->state == JOB_RUNNING)
        pthread_cond_wait(&jobs->changed, &jobs->lock);
    if (job->state == JOB_FINISHED)
        list_remove(&jobs->ended, job);
    job->state = JOB_IDLE;
    pthread_mutex_unlock(&jobs->lock);
}

void jobs_collect(struct jobs *jobs)
{
    if (!jobs->started && !jobs->ended.first)
        return;
    for (;;) {
        pthread_mutex_lock(&jobs->lock);
        struct job *job = list_take(&jobs->ended);
        if (job)
            job->state = JOB_IDLE;
        pthread_mutex_unlock(&jobs->lock);
        if (!job)
            return;
        job->done(job);
    }
}
