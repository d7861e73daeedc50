import { createClient } from "@connectrpc/connect";
import type { Client, Transport } from "@connectrpc/connect";

import {
  JourneyRunService,
  JourneyService,
} from "./contracts/campaign.js";
import {
  WebhookSubscriptionService,
} from "./contracts/channels.js";
import {
  ApiKeyService,
  AuditService,
  TenantService,
} from "./contracts/gateway.js";
import {
  BlockedValueService,
  ChannelService,
  MemberService,
} from "./contracts/identity.js";
import {
  AdjustmentService,
  AssetService,
  EarningRuleDraftService,
  EarningRuleService,
  ExportService,
  HoldService,
  LedgerService,
  PendingService,
  PointsService,
  PoolService,
  PostingService,
  StatementService,
  TransferService,
} from "./contracts/points.js";
import {
  CouponService,
  CouponTemplateService,
  RightsSummaryService,
  TierService,
} from "./contracts/rights.js";
import {
  ActivityService,
  InsightService,
  SegmentService,
  TagService,
} from "./contracts/tagging.js";

/** The platform's services by name. Each method takes its request, and answers with its response or a QuanyuError. */
export class Services {
  /** Tells where members are in their journeys, and how they came there. */
  readonly journeyRuns: Client<typeof JourneyRunService>;
  /** Makes journeys, publishes them, and tells how their members fare. */
  readonly journeys: Client<typeof JourneyService>;
  /** What the brand's own systems are told by webhooks. */
  readonly webhookSubscriptions: Client<typeof WebhookSubscriptionService>;
  /** The API keys of the caller's tenant. */
  readonly apiKeys: Client<typeof ApiKeyService>;
  /** The audit log of the caller's tenant. */
  readonly audit: Client<typeof AuditService>;
  /** The tenants of the platform. */
  readonly tenants: Client<typeof TenantService>;
  /** What the brand blocks beside that which Quanyu blocks for everybody (zeros, null, #N/A, [object Object], test addresses and their like). */
  readonly blockedValues: Client<typeof BlockedValueService>;
  /** The channels of a brand. */
  readonly channels: Client<typeof ChannelService>;
  /** The members of a brand and the ids by which they are known. */
  readonly members: Client<typeof MemberService>;
  /** Corrections by hand. */
  readonly adjustments: Client<typeof AdjustmentService>;
  /** The assets of a brand. */
  readonly assets: Client<typeof AssetService>;
  /** The next versions of rules, worked on while the present ones earn. */
  readonly earningRuleDrafts: Client<typeof EarningRuleDraftService>;
  /** The rules by which activities earn. */
  readonly earningRules: Client<typeof EarningRuleService>;
  /** The ledger, taken out of it. */
  readonly exports: Client<typeof ExportService>;
  /** Spending in two steps, for whatever spans more than the ledger. */
  readonly holds: Client<typeof HoldService>;
  /** The ledger as its keeper sees it. */
  readonly ledger: Client<typeof LedgerService>;
  /** What was earned and waits to become available. */
  readonly pending: Client<typeof PendingService>;
  /** The members' balances. */
  readonly points: Client<typeof PointsService>;
  /** Pools of points that families and other small groups share. */
  readonly pools: Client<typeof PoolService>;
  /** Many postings in one call. */
  readonly postings: Client<typeof PostingService>;
  /** A member's account over time. */
  readonly statements: Client<typeof StatementService>;
  /** What members give to each other. */
  readonly transfers: Client<typeof TransferService>;
  /** Coupon templates. */
  readonly couponTemplates: Client<typeof CouponTemplateService>;
  /** The coupons that members hold. */
  readonly coupons: Client<typeof CouponService>;
  /** The figures of tiers and coupons, for reports. */
  readonly rightsSummaries: Client<typeof RightsSummaryService>;
  /** The tier ladder and where members stand on it. */
  readonly tiers: Client<typeof TierService>;
  /** What members do, in every channel. */
  readonly activities: Client<typeof ActivityService>;
  /** Figures for reports. */
  readonly insights: Client<typeof InsightService>;
  /** The brand's segments and who belongs to them. */
  readonly segments: Client<typeof SegmentService>;
  /** The brand's tags, and their values on members. */
  readonly tags: Client<typeof TagService>;

  constructor(transport: Transport) {
    this.journeyRuns = createClient(JourneyRunService, transport);
    this.journeys = createClient(JourneyService, transport);
    this.webhookSubscriptions = createClient(WebhookSubscriptionService, transport);
    this.apiKeys = createClient(ApiKeyService, transport);
    this.audit = createClient(AuditService, transport);
    this.tenants = createClient(TenantService, transport);
    this.blockedValues = createClient(BlockedValueService, transport);
    this.channels = createClient(ChannelService, transport);
    this.members = createClient(MemberService, transport);
    this.adjustments = createClient(AdjustmentService, transport);
    this.assets = createClient(AssetService, transport);
    this.earningRuleDrafts = createClient(EarningRuleDraftService, transport);
    this.earningRules = createClient(EarningRuleService, transport);
    this.exports = createClient(ExportService, transport);
    this.holds = createClient(HoldService, transport);
    this.ledger = createClient(LedgerService, transport);
    this.pending = createClient(PendingService, transport);
    this.points = createClient(PointsService, transport);
    this.pools = createClient(PoolService, transport);
    this.postings = createClient(PostingService, transport);
    this.statements = createClient(StatementService, transport);
    this.transfers = createClient(TransferService, transport);
    this.couponTemplates = createClient(CouponTemplateService, transport);
    this.coupons = createClient(CouponService, transport);
    this.rightsSummaries = createClient(RightsSummaryService, transport);
    this.tiers = createClient(TierService, transport);
    this.activities = createClient(ActivityService, transport);
    this.insights = createClient(InsightService, transport);
    this.segments = createClient(SegmentService, transport);
    this.tags = createClient(TagService, transport);
  }
}
