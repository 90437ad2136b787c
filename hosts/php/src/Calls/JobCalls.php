<?php

declare(strict_types=1);

namespace Hookwright\Calls;

use Hookwright\Support\Json;
use Hookwright\Value\Job;
use Hookwright\Value\Page;

/**
 * The calls about jobs.
 *
 * @internal part of `Hookwright`
 */
trait JobCalls
{
    /**
     * Starts a job that sends again every delivery of the webhook that failed in a time range and has not succeeded since.
     * A field of the filter that is left out selects all. Of `statuses` (`500`, `'5xx'`, `'500-599'`) and `errors`, one
     * must fit.
     *
     * @param array{since: string, until?: string, eventTypes?: list<string>, states?: list<'exhausted'|'failed'>,
     *     statuses?: list<int|string>, errors?: list<string>}|string $range times in RFC 3339
     */
    public function recover(string $tenant, string $webhookId, array|string $range): Job
    {
        $text = Json::ofArgument('range', $range);
        return Job::fromJson($this->call('recover', ['tenant' => $tenant, 'webhookId' => $webhookId, 'range' => $text]));
    }

    /**
     * Starts a job that sends every message accepted in a time range that the webhook has missed: those that were skipped,
     * and those that were never routed to it (`none`).
     *
     * @param array{since: string, until?: string, eventTypes?: list<string>, states?: list<'skipped'|'none'>}|string $range
     *     times in RFC 3339
     */
    public function replay(string $tenant, string $webhookId, array|string $range): Job
    {
        $text = Json::ofArgument('range', $range);
        return Job::fromJson($this->call('replay', ['tenant' => $tenant, 'webhookId' => $webhookId, 'range' => $text]));
    }

    /**
     * Starts a job that removes everything stored about the events of one subject.
     *
     * @param array{subject: array{type: string, id: string|int}}|string $request
     */
    public function erase(string $tenant, array|string $request): Job
    {
        $text = Json::ofArgument('request', $request);
        return Job::fromJson($this->call('erase', ['tenant' => $tenant, 'request' => $text]));
    }

    /** Returns a job. */
    public function job(string $tenant, string $jobId): Job
    {
        return Job::fromJson($this->call('job', ['tenant' => $tenant, 'jobId' => $jobId]));
    }

    /**
     * Returns the jobs of a tenant.
     *
     * @param int $limit 1 to 100
     * @return Page<Job> newest first
     */
    public function jobs(string $tenant, ?string $cursor = null, int $limit = 50): Page
    {
        $arguments = ['tenant' => $tenant, 'cursor' => $cursor, 'limit' => $limit];
        return Page::fromJson(Job::class, $this->call('jobs', $arguments));
    }

    /** Cancels a job. */
    public function cancelJob(string $tenant, string $jobId): Job
    {
        return Job::fromJson($this->call('cancel-job', ['tenant' => $tenant, 'jobId' => $jobId]));
    }

    /**
     * Calls a function that returns JSON as a text.
     *
     * @param array<string, mixed> $arguments
     */
    abstract protected function call(string $function, array $arguments): string;
}
